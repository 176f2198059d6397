"""The locks hold, by hash, what pyproject.toml asks for, and it asks for all that is imported."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock"]

_PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ]+)(?: ; (?P<marker>.+))?$")


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def asked_for(*extras: str) -> dict[str, Requirement]:
    lines = list(project()["dependencies"])
    for extra in extras:
        lines += project()["optional-dependencies"][extra]
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def entries(lock: str) -> list[tuple[str, list[str]]]:
    """Each pin with its hashes; the comments are left out."""
    text = (ROOT / lock).read_text().replace("\\\n", "")
    lines = [line.split() for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [
        (
            " ".join(word for word in words if not word.startswith("--hash=")),
            [word for word in words if word.startswith("--hash=sha256:")],
        )
        for words in lines
        if words
    ]


def pins(lock: str) -> dict[str, set[tuple[str, str]]]:
    """The versions of each package, each with the marker under which it is installed."""
    found: dict[str, set[tuple[str, str]]] = {}
    for line, _ in entries(lock):
        pin = _PIN.match(line)
        assert pin, f"{lock} has a line that pins nothing: {line}"
        found.setdefault(pin["name"], set()).add((pin["version"], pin["marker"] or ""))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    without = [line for line, hashes in entries(lock) if not hashes]

    assert entries(lock)
    assert without == []


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", ["build"]),
        ("requirements-dev.lock", ["build", "dev", "formats", "traces"]),
    ],
)
def test_the_lock_holds_what_the_project_asks_for(lock: str, extras: list[str]) -> None:
    locked = pins(lock)

    for name, requirement in asked_for(*extras).items():
        versions = {version for version, _ in locked.get(name, set())}
        assert versions, f"{lock} lacks {name}: run make lock"
        assert all(requirement.specifier.contains(version) for version in versions), (
            f"{lock} has {name} {versions}, and pyproject.toml asks for {requirement}"
        )


def test_both_locks_agree_on_what_stet_runs_on() -> None:
    everything = pins("requirements-dev.lock")

    for name, versions in pins("requirements.lock").items():
        assert everything[name] == versions


def test_the_build_backend_is_locked_too() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]

    assert build["requires"] == project()["optional-dependencies"]["build"]


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert re.findall(r"\w+://|@ |--(?:extra-)?index|--find-links", text) == []


def test_this_environment_is_the_lock() -> None:
    for name, versions in pins("requirements-dev.lock").items():
        for locked, marker in versions:
            if not marker or Marker(marker).evaluate():
                assert version(name) == locked, f"{name} is not as locked: run make setup"


@pytest.mark.parametrize("package", ["app", "migrations", "seeds"])
def test_what_is_imported_at_run_time_is_a_dependency_at_run_time(package: str) -> None:
    distributions = packages_distributions()
    # What an extra brings is imported where it is used, which says so when it is not there.
    declared = set(asked_for("formats", "traces"))

    undeclared = {
        (str(path.relative_to(ROOT)), module)
        for path in (ROOT / package).rglob("*.py")
        for module in imported_by(path) - sys.stdlib_module_names - {"app", "migrations", "seeds"}
        if not {canonicalize_name(name) for name in distributions.get(module, [])} & declared
    }

    assert undeclared == set()


def imported_by(path: Path) -> set[str]:
    """The top-level modules that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
