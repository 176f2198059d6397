"""A report of refusals is so long and no longer, and counts them all."""

import pytest

from app.core.errors import InvalidAttribute
from app.formats.record import Item
from app.imports import refusals
from app.imports.refusals import Refusals


def found(*places: int) -> Refusals:
    some = Refusals()
    for place in places:
        problem = InvalidAttribute("/attributes/kind", "It does not fit.", allowed=["x" * 900])
        some.add(place, Item(place, None), problem)
    return some


def test_what_is_listed_of_one_batch_is_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "LISTED_CHARACTERS", 3000)

    some = found(*range(100))

    assert (some.count, len(some.waiting)) == (100, 3)


def test_what_is_listed_in_all_is_so_long_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "LISTED_CHARACTERS", 6000)
    report = Refusals()

    for batch in (found(2, 1), found(5, 4, 3), found(6, 7)):
        report.settle(batch)

    assert [error["line"] for error in report.listed] == [1, 2, 3, 4, 5, 6]
    assert report.count == 7
