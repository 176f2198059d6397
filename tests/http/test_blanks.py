"""What must say something is refused where nobody sees anything of it."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.core.blanks import is_blank
from tests import make
from tests.conftest import Newsroom
from tests.desk import rows

BLANK = [
    " \t\n",
    "\u00a0\u3000\u2028",
    "\u200b",
    "\u2060\ufeff",
    "\u00ad\u034f\u180e",
    # Joiners, directions, variation selectors, tags, and letters of Hangul that fill a place.
    "\u200c\u200d\u200e\u202e\u2069",
    "\ufe0f\U000e0020\U000e0100",
    "\u115f\u1160\u3164\uffa0",
    # Marks of combining, alone and on a blank.
    "\u0301",
    " \u0308\u20dd",
    "\u2800",
]
SAID = [
    "x",
    " . ",
    "да",
    "เ",
    "קָ",
    "नहीं",
    "中",
    "‘",
    "👍🏽",
    "🇺🇦",
    "\u200b!\u200b",
    "\u0601",
    "\ue000",
]

STATIC = Path(__file__).parents[2] / "app" / "web" / "static"


def test_what_is_seen_in_any_script_is_not_blank() -> None:
    assert [text for text in (*BLANK, "") if not is_blank(text)] == []
    assert [text for text in SAID if is_blank(text)] == []


def test_the_page_calls_the_same_texts_blank() -> None:
    module = base64.b64encode((STATIC / "text" / "blank.js").read_bytes()).decode()
    program = f"import {{ isBlank }} from 'data:text/javascript;base64,{module}';"
    program += "import { readFileSync } from 'fs';"
    program += "const given = JSON.parse(readFileSync(0));"
    program += "console.log(JSON.stringify(given.filter((text) => isBlank(text))));"

    ran = subprocess.run(
        [
            Path(sys.executable).with_name("node"),
            "--input-type=module",
            "--eval",
            program,
        ],
        input=json.dumps([*BLANK, "", *SAID]),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == [*BLANK, ""]


@pytest.mark.parametrize("verdict", ["reject", "request_changes"])
async def test_a_comment_that_nobody_sees_is_none(newsroom: Newsroom, verdict: str) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    before = await rows(newsroom)
    bodies = [{"verdict": verdict, "comment": comment} for comment in BLANK]

    alone = [
        await newsroom["reviewer"].post(
            f"/v1/annotations/{annotation['id']}/decisions", json=body, headers=make.seen(1)
        )
        for body in bodies
    ]
    named = {"annotation": annotation["id"], "version": 1}
    together = await newsroom["reviewer"].post(
        "/v1/projects/demo/decisions", json={"decisions": [named | body for body in bodies]}
    )

    for answer in alone:
        [error] = make.refused(answer, 422, "comment-required")["errors"]
        assert error["pointer"] == "/comment"
    results = (await make.said(together, 200))["results"]
    assert {it["problem"]["type"] for it in results} == {"/problems/comment-required"}
    assert await rows(newsroom) == before


NAMED: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "/v1/projects/demo/documents", {"text": "a"}, "title"),
    ("PATCH", "/v1/documents/{document}", {}, "title"),
    ("POST", "/v1/projects", {"slug": "new"}, "name"),
    ("PATCH", "/v1/projects/demo", {}, "name"),
    ("POST", "/v1/users", {"name": "new"}, "display_name"),
    ("PATCH", "/v1/users/reader", {}, "display_name"),
    ("POST", "/v1/tokens", {}, "name"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), NAMED)
async def test_a_title_or_a_name_that_nobody_sees_is_refused(
    newsroom: Newsroom, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    document = await make.document(newsroom["annotator"])
    before = await rows(newsroom)

    for blank in BLANK:
        answer = await newsroom["admin"].request(
            method,
            path.format(document=document["id"]),
            json=body | {field: blank},
            headers=make.seen(1) if method == "PATCH" else {},
        )

        [error] = make.refused(answer, 422, "invalid-value")["errors"]
        assert error["pointer"] == f"/{field}"
    assert await rows(newsroom) == before
