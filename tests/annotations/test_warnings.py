"""Spans that split what a reader sees as one character are taken, and their author is told."""

from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom

UNITS = ("code_points", "utf16", "utf8")
TEXT = make.ASTRAL
UKRAINE, FAMILY = "🇺🇦", "👨\u200d👩\u200d👧"


def warning(pointer: str, offset: int, character: str, unit: str) -> dict[str, Any]:
    """What is told of an offset, in code points, that splits the character."""
    at = TEXT.index(character)
    return {
        "code": "splits-grapheme",
        "pointer": pointer,
        "detail": "The span splits what a reader sees as one character.",
        "offset": make.measured(TEXT[:offset], unit),
        "before": make.measured(TEXT[:at], unit),
        "after": make.measured(TEXT[: at + len(character)], unit),
    }


@pytest.mark.parametrize("unit", UNITS)
async def test_a_span_that_splits_a_character_is_taken_with_the_nearest_bounds(
    newsroom: Newsroom, unit: str
) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], TEXT, project="typed")
    flag, cafe, family = TEXT.index(UKRAINE), TEXT.index("cafe\u0301"), TEXT.index(FAMILY)
    bodies: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        (
            {"label": "plain", **make.span(TEXT, TEXT[flag + 1 : cafe + 4], unit)},
            [
                warning("/start", flag + 1, UKRAINE, unit),
                warning("/end", cafe + 4, "e\u0301", unit),
            ],
        ),
        (
            {
                "label": "plain",
                "fragments": [
                    make.span(TEXT, "😀", unit),
                    make.span(TEXT, "👨\u200d👩", unit),
                ],
            },
            [warning("/fragments/1/end", family + 3, FAMILY, unit)],
        ),
        (
            {
                "label": "mark",
                "quote": "End.",
                "attributes": {"where": make.span(TEXT, "\u0301, ", unit)},
            },
            [warning("/attributes/where/start", cafe + 4, "e\u0301", unit)],
        ),
        ({"label": "plain", **make.span(TEXT, f"{UKRAINE} and", unit)}, []),
    ]
    for body, warnings in bodies:
        answer = await newsroom["annotator"].post(
            f"/v1/documents/{document['id']}/annotations",
            json=body,
            params={"offset_unit": unit},
        )

        annotation = await make.said(answer)
        assert annotation["warnings"] == warnings
        got = await newsroom["reader"].get(answer.headers["Location"], params={"offset_unit": unit})
        assert got.json()["warnings"] == warnings


async def test_a_warning_goes_when_an_edit_mends_what_it_is_about_and_stays_otherwise(
    newsroom: Newsroom,
) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], TEXT, project="typed")
    flag, cafe = TEXT.index(UKRAINE), TEXT.index("cafe\u0301")
    annotation = await make.annotation(
        newsroom["annotator"],
        document["id"],
        "mark",
        TEXT[flag + 1 : cafe],
        attributes={"where": {"quote": "cafe"}},
    )
    of_span = warning("/start", flag + 1, UKRAINE, "code_points")
    of_attribute = warning("/attributes/where/end", cafe + 4, "e\u0301", "code_points")
    assert annotation["warnings"] == [of_attribute, of_span]

    edits: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        ({"note": "n"}, [of_attribute, of_span]),
        ({"quote": "and"}, [of_attribute]),
        ({"quote": TEXT[flag + 1 : cafe]}, [of_attribute, of_span]),
        ({"attributes": {"where": {"quote": "said"}}}, [of_span]),
        ({"label": "plain", "attributes": {}, "quote": "and"}, []),
    ]
    for version, (edit, warnings) in enumerate(edits, 1):
        answer = await newsroom["annotator"].patch(
            f"/v1/annotations/{annotation['id']}", json=edit, headers=make.seen(version)
        )

        assert (await make.said(answer, 200))["warnings"] == warnings
