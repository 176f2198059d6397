"""The files that belong to another project are that project's, byte for byte."""

import hashlib
import re
from pathlib import Path

STATIC = Path(__file__).parents[2] / "app" / "operations" / "static"
SWAGGER_UI = STATIC / "swagger-ui"


def test_swagger_ui_is_as_it_was_published() -> None:
    lines = (SWAGGER_UI / "SHA256SUMS").read_text().splitlines()
    recorded = {name: digest for digest, name in (line.split() for line in lines)}

    present = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in SWAGGER_UI.iterdir()
        if path.name not in {"README.md", "SHA256SUMS"}
    }

    assert present == recorded


def test_swagger_ui_has_its_licence_and_its_version() -> None:
    heading = (SWAGGER_UI / "README.md").read_text().splitlines()[0]
    version = heading.removeprefix("# Swagger UI ")

    assert "Apache License" in (SWAGGER_UI / "LICENSE").read_text()
    # Version 5 is the first that understands OpenAPI 3.1.
    assert version.startswith("5.")
    assert f'PACKAGE_VERSION:"{version}"' in (SWAGGER_UI / "swagger-ui-bundle.js").read_text()


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = (STATIC / "docs.html").read_text()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    files = [address.removeprefix("docs/static/") for address in addresses if "/" in address]

    assert "docs.js" in files
    assert [file for file in files if not (STATIC / file).is_file()] == []
    # Under a Content-Security-Policy without 'unsafe-inline' an inline script does not run.
    assert re.findall(r"<script(?! src)|<style|\bstyle=|\bon\w+=", page) == []


WEB = Path(__file__).parents[2] / "app" / "web" / "static"


def test_preact_is_as_it_was_bundled_and_has_its_licences() -> None:
    vendored = WEB / "vendor"
    bundle = (vendored / "preact.js").read_text()
    heading = bundle.partition("\n")[0]
    said = (vendored / "README.md").read_text()

    for version in re.findall(r"[\d.]+\d", heading):
        assert version in said
    assert hashlib.sha256(bundle.encode()).hexdigest() in said
    assert "MIT License" in (vendored / "LICENSE-preact").read_text()
    assert "Apache License" in (vendored / "LICENSE-htm").read_text()


def test_the_pages_modules_import_only_what_stands_beside_them() -> None:
    wanted = {
        (module, address)
        for module in WEB.rglob("*.js")
        for address in re.findall(r'(?:from |import\()"([^"]+)"', module.read_text())
    }

    assert len(wanted) > 50
    assert [
        (module.name, address)
        for module, address in wanted
        if not address.startswith(".") or not _is_there(module.parent / address)
    ] == []


def _is_there(module: Path) -> bool:
    """The module, or the types that a comment names."""
    return module.is_file() or module.with_suffix(".d.ts").is_file()


def test_what_says_lines_below_words_is_read_by_every_browser() -> None:
    files = [file for file in WEB.rglob("*.*s*") if file.suffix in {".css", ".js"}]
    said = {
        one for file in files for one in re.findall(r"text-decoration: ([^;]+);", file.read_text())
    }

    # Safari reads no more than which line it is: its style, width and colour have their own names.
    assert said == {"none", "underline", "line-through"}
