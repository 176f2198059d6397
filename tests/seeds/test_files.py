"""The example's files are what they say that they are."""

import hashlib
import json
from pathlib import Path
from typing import Any

from seeds import example
from seeds.example import FOLDER


def described(file: str) -> Any:
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))


def test_the_article_is_byte_for_byte_what_was_supplied() -> None:
    document = described("document.json")
    content = (FOLDER / document["text_file"]).read_bytes()

    assert hashlib.sha256(content).hexdigest() == document["sha256"]
    assert len(content) == document["length"]["utf8"] == 5695
    assert content.startswith(b"date 2025-04-09 ")
    assert content.endswith(b"said.")


def test_the_article_is_not_touched_by_git() -> None:
    attributes = (FOLDER.parent / ".gitattributes").read_text().splitlines()

    assert "seeds/article.txt -text" in attributes


def test_decisions_name_annotations_that_there_are() -> None:
    there = {
        (work["author"], annotation["id"])
        for work in (described("annotations-a.json"), described("annotations-b.json"))
        for annotation in work["annotations"]
    }

    named = [(one["author"], one["annotation"]) for one in described("decisions.json")]

    assert set(named) <= there
    assert len(set(named)) == len(named)


def test_the_readme_says_what_is_there_and_whose_it_is() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in readme.splitlines() if line.startswith("| `")]
    listed = {row[1].strip(" `") for row in rows}

    files = {path.name for path in Path(FOLDER).iterdir() if path.is_file()}

    assert listed == files - {"README.md", "__init__.py"}
    assert "It is not covered by Stet's licence, Apache-2.0" in readme


def test_ids_are_the_same_everywhere() -> None:
    assert str(example.id_of("document")) == "dd138ea4-8894-52c0-b90a-200623614c34"
