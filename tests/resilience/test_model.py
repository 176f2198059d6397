"""Whatever a few people do, Stet answers as a small model of it does.

Hypothesis makes up the stories: who posts, edits, decides, withdraws and reads what, at which
version and in which unit; one after the other, or to several annotations at once. Two Stets on one
database are asked by turns. Each answer is compared with the model's, and in the end the lists, the
log and the counts are. Every story has documents of its own in one project.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count, cycle
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.core.errors import catalogue
from app.main import equip
from tests import make
from tests.conftest import PEOPLE, Newsroom, settings
from tests.log import head
from tests.resilience.model import (
    LABELS,
    STATUS,
    STATUSES,
    Annotation,
    Expected,
    Given,
    Model,
    Refusal,
    counts,
    in_text_order,
)

T = TypeVar("T")

ROLES = {name: role for name, role in PEOPLE.items() if role is not None}
TEXTS = ("The cat said “no”. 😀 The cat left.", "да, 🇺🇦 said: да!")
EVERYBODY = [*ROLES, "stranger"]
ANYBODY = st.sampled_from(EVERYBODY)
# Most of what happens is done by those who may.
WRITERS = st.sampled_from(["annotator", "annotator", "annotator-b", "reviewer"] * 4 + EVERYBODY)
REVIEWERS = st.sampled_from(["reviewer", "reviewer-b", "manager"] * 6 + EVERYBODY)
EDITORS = st.sampled_from(["author", "author", "reviewer"] * 6 + EVERYBODY)
UNITS = st.sampled_from(["code_points", "utf16", "utf8"])
NOTES = st.sampled_from([None, "Sure.", "Why?"])
# How far from the current version the one is that somebody has seen; None for nobody's.
SIGHTS = st.sampled_from([0] * 12 + [-1, -1, 1, None])


STORIES = 14
STEPS = 60


@dataclass(frozen=True)
class Act:
    """What somebody does to an annotation: their request, and what the model says of it."""

    who: str
    method: str
    path: str
    given: dict[str, Any]
    expected: Callable[[], Expected | Refusal]


class Room:
    """A newsroom that is used from outside of its event loop, and the model of its project."""

    def __init__(self, newsroom: Newsroom, loop: asyncio.AbstractEventLoop) -> None:
        self.newsroom = newsroom
        self._fronts = cycle([newsroom, newsroom.beside()])
        self.model = Model("demo", ROLES)
        self.ids = (str(make.id_of(number)) for number in count(10_000))
        self._loop = loop

    def run(self, work: Awaitable[T]) -> T:
        """Its result."""
        return self._loop.run_until_complete(work)

    def ask(self, who: str, method: str, path: str, **given: Any) -> httpx.Response:
        """What somebody is answered, by two Stets in turn."""
        return self.run(next(self._fronts)[who].request(method, path, **given))

    def ask_at_once(self, acts: Iterable[Act]) -> list[httpx.Response]:
        """What is answered to acts that happen at once."""

        async def ask() -> list[httpx.Response]:
            return await asyncio.gather(
                *(
                    next(self._fronts)[act.who].request(act.method, act.path, **act.given)
                    for act in acts
                )
            )

        return self.run(ask())

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Those of all pages of a list."""
        found: list[dict[str, Any]] = []
        while True:
            page = make_said(self.ask("reader", "GET", path, params=query))
            found += page["items"]
            if page["next"] is None:
                return found
            query["cursor"] = page["next"]


@pytest.fixture
def room(application: FastAPI, database_url: str) -> Iterator[Room]:
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    equip(application, settings(database_url))
    stack.push_async_callback(application.state.database.dispose)
    yield Room(Newsroom(application, stack), loop)
    loop.run_until_complete(stack.aclose())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@st.composite
def spans(draw: st.DrawFn, text: str, unit: str) -> Given:
    """A span of the text, most often a right one."""
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, min(len(text), start + 8)))
    quote = text[start:end]
    first, last = (make.measured(text[:offset], unit) for offset in (start, end))
    right = Given(quote, first, last)
    alone = [Given(quote), Given(text[0]), Given("nowhere")]
    past = make.measured(text, unit) + 1
    wrong = [
        Given(None, first, last),
        Given(f"{quote}!", first, last),
        Given(quote, last, first),
        Given(quote, first, first),
        Given(quote, first, past),
        Given(quote, -1, last),
    ]
    return draw(st.sampled_from(draw(st.sampled_from([[right]] * 8 + [alone, wrong]))))


class Story(RuleBasedStateMachine):
    """What happens to two documents."""

    annotations = Bundle("annotations")

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room
        self._model = room.model
        self._documents = [room.run(self._document(text)) for text in TEXTS]
        # Of this story nothing is in the log yet.
        self._log_began = room.run(head(room.newsroom))
        self._told_before = len(self._model.log)

    async def _document(self, text: str) -> str:
        made = await make.document(self._room.newsroom["manager"], text)
        id: str = made["id"]
        self._model.documents[id] = text
        return id

    def _ask(self, who: str, method: str, path: str, **given: Any) -> httpx.Response:
        return self._room.ask(who, method, path, **given)

    # Few at a time, so that something happens to each.
    @precondition(lambda self: sum(len(self._living(id)) for id in self._documents) < 3)
    @rule(
        target=annotations,
        data=st.data(),
        who=WRITERS,
        place=st.integers(0, 1),
        unit=UNITS,
        label=st.sampled_from([*LABELS] * 5 + ["rumour"]),
        note=NOTES,
    )
    def create(
        self, data: st.DataObject, who: str, place: int, unit: str, label: str, note: str | None
    ) -> Any:
        document = self._documents[place]
        span = data.draw(spans(TEXTS[place], unit))
        id = next(self._room.ids)
        expected = self._create(who, document, id, label, span, note, unit)
        if isinstance(expected, Refusal):
            return multiple()
        if data.draw(st.sampled_from([False, False, True])):
            # The answer was lost, and so it is sent again; or somebody else's has the same id.
            again = data.draw(st.sampled_from([who, who, "annotator-b"]))
            other = data.draw(st.sampled_from([note, note, "Another."]))
            self._create(again, document, id, label, span, other, unit)
        return id

    def _create(
        self, who: str, document: str, id: str, label: str, span: Given, note: str | None, unit: str
    ) -> Expected | Refusal:
        answer = self._ask(
            who,
            "POST",
            f"/v1/documents/{document}/annotations",
            params={"offset_unit": unit},
            json={"id": id, "label": label, "note": note, **span.json()},
        )
        expected = self._model.create(who, document, id, label, span, note, unit)
        compare(answer, expected)
        return expected

    @rule(data=st.data(), id=annotations)
    def edit(self, data: st.DataObject, id: str) -> None:
        self._do(self._edit(data, id))

    @rule(data=st.data(), id=annotations)
    def decide(self, data: st.DataObject, id: str) -> None:
        self._do(self._decide(data, id))

    @rule(data=st.data(), id=annotations)
    def withdraw(self, data: st.DataObject, id: str) -> None:
        self._do(self._withdraw(data, id))

    @rule(data=st.data(), id=annotations)
    def read(self, data: st.DataObject, id: str) -> None:
        self._do(self._read(data, id))

    @rule(data=st.data(), ids=st.lists(annotations, min_size=2, max_size=4, unique=True))
    def at_once(self, data: st.DataObject, ids: list[str]) -> None:
        """What happens to one annotation is the same whatever happens to others meanwhile."""
        kinds = st.sampled_from([self._edit, self._decide, self._withdraw, self._read])
        acts = [data.draw(kinds)(data, id) for id in ids]
        logged = len(self._model.log)
        for act, answer in zip(acts, self._room.ask_at_once(acts), strict=True):
            compare(answer, act.expected())
        # In which order they were logged is not for the model to know.
        told = [each["subject"] for each in self._log(logged - self._told_before)]
        fresh = sorted(self._model.log[logged:], key=lambda entry: told.index(entry.subject))
        self._model.log[logged:] = fresh

    def _do(self, act: Act) -> None:
        answer = self._ask(act.who, act.method, act.path, **act.given)
        compare(answer, act.expected())

    def _edit(self, data: st.DataObject, id: str) -> Act:
        it = self._model.annotations[id]
        who, unit = self._editor(data, it), data.draw(UNITS)
        seen = self._seen(id, data.draw(SIGHTS))
        label = data.draw(st.sampled_from([None, None, *LABELS] * 3 + ["rumour"]))
        span = data.draw(spans(it.text, unit)) if data.draw(st.booleans()) else None
        note = data.draw(NOTES)
        change = {"label": label, "note": note, **(span.json() if span else {})}
        given = {
            "params": {"offset_unit": unit},
            "json": {name: value for name, value in change.items() if value is not None},
            "headers": _if_match(seen),
        }
        edit = partial(self._model.edit, who, id, seen, unit, label=label, span=span, note=note)
        return Act(who, "PATCH", f"/v1/annotations/{id}", given, edit)

    def _decide(self, data: st.DataObject, id: str) -> Act:
        who, seen = data.draw(REVIEWERS), self._seen(id, data.draw(SIGHTS))
        verdict, note = data.draw(st.sampled_from([*STATUS])), data.draw(NOTES)
        given = {"json": {"verdict": verdict, "comment": note}, "headers": _if_match(seen)}
        decide = partial(self._model.decide, who, id, seen, verdict, note)
        return Act(who, "POST", f"/v1/annotations/{id}/decisions", given, decide)

    def _withdraw(self, data: st.DataObject, id: str) -> Act:
        who = self._editor(data, self._model.annotations[id])
        seen = self._seen(id, data.draw(SIGHTS))
        given = {"headers": _if_match(seen)}
        withdraw = partial(self._model.withdraw, who, id, seen)
        return Act(who, "DELETE", f"/v1/annotations/{id}", given, withdraw)

    def _read(self, data: st.DataObject, id: str) -> Act:
        who, unit = data.draw(ANYBODY), data.draw(UNITS)
        given = {"params": {"offset_unit": unit}}
        read = partial(self._model.read, who, id, unit)
        return Act(who, "GET", f"/v1/annotations/{id}", given, read)

    @staticmethod
    def _editor(data: st.DataObject, it: Annotation) -> str:
        who: str = data.draw(EDITORS)
        return it.author if who == "author" else who

    @rule(
        ids=st.lists(annotations, min_size=1, max_size=4, unique=True),
        who=REVIEWERS,
        data=st.data(),
    )
    def decide_many(self, ids: list[str], who: str, data: st.DataObject) -> None:
        seen = {id: self._seen(id, data.draw(st.sampled_from([0, 0, 0, -1, 1]))) for id in ids}
        verdicts = {id: data.draw(st.sampled_from([*STATUS])) for id in ids}
        note = data.draw(NOTES)
        body = [
            {"annotation": id, "version": seen[id], "verdict": verdicts[id], "comment": note}
            for id in ids
        ]
        path = "/v1/projects/demo/decisions"
        answer = self._ask(who, "POST", path, json={"decisions": body})
        if not self._model.may(who, "reviewer"):
            hidden = "forbidden" if who in ROLES else "not-found"
            compare(answer, Refusal(frozenset({hidden}), {}))
            return
        for id, result in zip(ids, make_said(answer)["results"], strict=True):
            expected = self._model.decide(who, id, seen[id], verdicts[id], note)
            assert result["annotation"] == id
            if isinstance(expected, Refusal):
                check_problem(result["problem"], result["status"], expected)
            else:
                assert result["status"] == expected.status
                assert _of(result["decision"], expected.fields) == expected.fields

    @rule(place=st.integers(0, 1), unit=UNITS, status=st.sampled_from(STATUSES), data=st.data())
    def list_document(self, place: int, unit: str, status: str, data: st.DataObject) -> None:
        document = self._documents[place]
        chosen = data.draw(st.sampled_from([{}, {"status": status}, {"author": "annotator"}]))
        items = self._room.items(
            f"/v1/documents/{document}/annotations", offset_unit=unit, **chosen
        )
        expected = [
            each
            for each in self._model.living(document)
            if each.now.status == chosen.get("status", each.now.status)
            and each.author == chosen.get("author", each.author)
        ]
        assert _are(items, [each.fields(unit) for each in expected])

    @rule(id=annotations, unit=UNITS)
    def read_history(self, id: str, unit: str) -> None:
        it = self._model.annotations[id]
        path = f"/v1/annotations/{id}"
        history = make_said(
            self._ask("reader", "GET", f"{path}/history", params={"offset_unit": unit})
        )
        expected = [
            {
                **it.content(version, unit),
                "version": number,
                "edited_by": version.edited_by,
                "changed_by": version.changed_by,
                "withdrawn": version.withdrawn,
            }
            for number, version in enumerate(it.versions, 1)
        ]
        assert [_of(each, expected[0]) for each in history["versions"]] == expected
        decisions = make_said(self._ask("reader", "GET", f"{path}/decisions"))["items"]
        for told in (history["decisions"], decisions):
            fields = [each.fields(id) for each in it.decisions]
            assert [_of(each, fields[0]) for each in told] == fields

    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        self._follow(data.draw(st.integers(0, len(self._model.log) - self._told_before)))

    def _follow(self, after: int) -> list[dict[str, Any]]:
        """What the log tells of this story from there on, which is what the model's does."""
        told = self._log(after)
        expected = self._model.log[self._told_before + after :]
        assert [each["sequence"] for each in told] == [
            self._log_began + after + place for place in range(1, len(expected) + 1)
        ]
        for each, entry in zip(told, expected, strict=True):
            said = (each["kind"], each["subject"], each["actor"], each["version"])
            assert said == (entry.kind, entry.subject, entry.actor, entry.version)
            assert (each["state"] and _of(each["state"], entry.state or {})) == entry.state
        return told

    def _log(self, after: int) -> list[dict[str, Any]]:
        """The log from there on."""
        path = "/v1/projects/demo/changes"
        answer = self._ask("reader", "GET", path, params={"after": self._log_began + after})
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.text.splitlines()]

    def teardown(self) -> None:
        """Lists, log and counts agree with the model, and so with each other."""
        replayed = {each["subject"]: each["state"] for each in self._follow(0)}
        left = [state for state in replayed.values() if state is not None]
        assert _are(left, [each.fields() for id in self._documents for each in self._living(id)])
        for document in self._documents:
            living = self._living(document)
            items = self._room.items(f"/v1/documents/{document}/annotations", limit=3)
            assert _are(items, [each.fields() for each in living])
            spans = [(item["start"], item["end"]) for item in items]
            assert spans == in_text_order(living)
            told = make_said(self._ask("reader", "GET", f"/v1/documents/{document}"))
            assert told["counts"] == counts(living)

    def _living(self, document: str) -> list[Annotation]:
        return self._model.living(document)

    def _seen(self, id: str, sight: int | None) -> int | None:
        return None if sight is None else max(1, self._model.annotations[id].version + sight)


def _if_match(seen: int | None) -> dict[str, str]:
    return {} if seen is None else make.seen(seen)


def make_said(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that must be 200."""
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _of(told: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """What is told of these fields."""
    return {name: told[name] for name in fields}


def _are(told: list[dict[str, Any]], expected: list[dict[str, Any]]) -> bool:
    """Whether just these are told of, in whatever order; each once."""
    fields = {each["id"]: each for each in expected}
    found = {each["id"]: _of(each, fields.get(each["id"], {})) for each in told}
    return len(told) == len(expected) and found == fields


def compare(answer: httpx.Response, expected: Expected | Refusal) -> None:
    """The answer is what the model says."""
    if isinstance(expected, Refusal):
        assert answer.headers["Content-Type"] == "application/problem+json", expected
        check_problem(answer.json(), answer.status_code, expected)
        return
    assert answer.status_code == expected.status, f"{answer.text} {expected}"
    if expected.fields:
        assert _of(answer.json(), expected.fields) == expected.fields
    if expected.version is not None:
        assert answer.headers["ETag"] == f'"{expected.version}"'


def check_problem(problem: dict[str, Any], status: int, expected: Refusal) -> None:
    """It is one of those that the model allows, and tells what it must."""
    code = problem["type"].removeprefix("/problems/")
    assert code in expected.codes, f"{problem} {expected}"
    assert status == problem["status"] == catalogue()[code].status
    if code == "stale-version" and problem["current"] is not None:
        assert _of(problem["current"], expected.current) == expected.current


def test_a_story_is_answered_as_the_model_has_it(room: Room) -> None:
    how = settings_of(
        max_examples=STORIES,
        stateful_step_count=STEPS,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    class StoryHere(Story):
        def __init__(self) -> None:
            super().__init__(room)

    # Left to itself, Hypothesis makes most stories too short for anything to happen.
    run_state_machine_as_test(StoryHere, settings=how, _min_steps=STEPS)

    living = room.model.living()
    assert _are(room.items("/v1/projects/demo/annotations"), [each.fields() for each in living])
    progress = make_said(room.ask("reader", "GET", "/v1/projects/demo/progress"))
    assert progress["labels"] == {
        label: counts(each for each in living if each.now.said.label == label)
        for label in {each.now.said.label for each in living}
    }
    # Much of what there is to do was done.
    kinds = Counter(entry.kind for entry in room.model.log)
    assert len(kinds) == 4, kinds
    assert kinds.total() > 50, kinds
