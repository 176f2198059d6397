"""What the fuzzer found before, and for a few seconds what it finds now."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS, corpus_of

ROOT = Path(__file__).parents[2]
SECONDS = 2


def given_its_corpus(target: str, _folder: Path) -> None:
    inputs = sorted(corpus_of(target).iterdir())
    assert inputs
    for path in inputs:
        TARGETS[target](path.read_bytes())


def fuzzed(target: str, folder: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", target, f"--seconds={SECONDS}", "--seed=1"]
    done = subprocess.run(
        [*command, f"--found={folder}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


# The fuzzer is there where it has a wheel.
WAYS = [given_its_corpus, *([fuzzed] if find_spec("atheris") else [])]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_whatever_comes_is_read_as_documented_or_refused(
    target: str, way: Callable[[str, Path], None], tmp_path: Path
) -> None:
    way(target, tmp_path)
