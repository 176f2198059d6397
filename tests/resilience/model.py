"""A small Stet in memory: what the contract says that annotations do, and nothing else.

It was written from the API's contract, not from the application. Where a request breaks several
rules at once, the contract does not say which one the answer tells of; so a refusal here is all
that it may be. One thing goes before all others: from a stranger everything is hidden.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests import make

LABELS = ("claim", "denial")
RANKS = ("reader", "annotator", "reviewer", "manager")
STATUS = {"approve": "approved", "reject": "rejected", "request_changes": "changes_requested"}
STATUSES = ("pending", *STATUS.values())


@dataclass(frozen=True)
class Given:
    """A span as a caller gives it; offsets in the caller's unit."""

    quote: str | None
    start: int | None = None
    end: int | None = None

    def json(self) -> dict[str, Any]:
        """Its fields in a body."""
        fields = {"quote": self.quote, "start": self.start, "end": self.end}
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True)
class Said:
    """What an annotation says; offsets in code points."""

    label: str
    start: int
    end: int
    note: str | None


@dataclass(frozen=True)
class Version:
    """What an annotation said and how it stood, and who made that so."""

    said: Said
    status: str
    edited_by: str
    changed_by: str
    decided_by: str | None = None
    withdrawn: bool = False


@dataclass(frozen=True)
class Decision:
    """A verdict on a version, counted from 1."""

    version: int
    verdict: str
    comment: str | None
    reviewer: str

    def fields(self, annotation: str) -> dict[str, Any]:
        """What is answered of it."""
        return {
            "annotation": annotation,
            "version": self.version,
            "resulting_version": self.version + 1,
            "verdict": self.verdict,
            "status": STATUS[self.verdict],
            "comment": self.comment,
            "reviewer": self.reviewer,
        }


@dataclass
class Annotation:
    """All versions of an annotation, and the decisions on it."""

    id: str
    project: str
    document: str
    text: str
    author: str
    versions: list[Version]
    decisions: list[Decision] = field(default_factory=list)

    @property
    def version(self) -> int:
        """The current one, counted from 1."""
        return len(self.versions)

    @property
    def now(self) -> Version:
        """How it stands."""
        return self.versions[-1]

    def add(self, **changes: Any) -> None:
        """Make a version that differs in this."""
        self.versions.append(replace(self.now, **changes))

    def fields(self, unit: str = "code_points") -> dict[str, Any]:
        """What is answered of it, but for moments and warnings."""
        return {
            **self.content(self.now, unit),
            "id": self.id,
            "project": self.project,
            "document_id": self.document,
            "external_id": None,
            "origin": "human",
            "author": self.author,
            "decided_by": self.now.decided_by,
            "version": self.version,
        }

    def content(self, version: Version, unit: str = "code_points") -> dict[str, Any]:
        """What every version of it tells."""
        said = version.said
        return {
            "revision": 1,
            "label": said.label,
            "start": make.measured(self.text[: said.start], unit),
            "end": make.measured(self.text[: said.end], unit),
            "quote": self.text[said.start : said.end],
            "fragments": None,
            "offset_unit": unit,
            "attributes": {},
            "note": said.note,
            "confidence": None,
            "status": version.status,
        }


@dataclass(frozen=True)
class Entry:
    """One entry of the log."""

    kind: str
    subject: str
    actor: str
    version: int
    state: dict[str, Any] | None


@dataclass(frozen=True)
class Expected:
    """An answer: its status and, of its body, these fields."""

    status: int
    fields: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    """What its ETag names."""


@dataclass(frozen=True)
class Refusal:
    """A refusal: one of these problems; a stale one tells the current state."""

    codes: frozenset[str]
    current: dict[str, Any]


class Model:
    """A project with its documents, annotations and log."""

    def __init__(self, project: str, roles: dict[str, str]) -> None:
        """``roles`` by name; who has none is a stranger."""
        self.project = project
        self.documents: dict[str, str] = {}
        """Texts by id."""
        self.annotations: dict[str, Annotation] = {}
        self.log: list[Entry] = []
        self._roles = roles

    def may(self, who: str, role: str) -> bool:
        """Whether somebody has at least this role."""
        return who in self._roles and RANKS.index(self._roles[who]) >= RANKS.index(role)

    def living(self, document: str | None = None) -> list[Annotation]:
        """Those that lists hold."""
        return [
            each
            for each in self.annotations.values()
            if not each.now.withdrawn and document in {None, each.document}
        ]

    def create(
        self, who: str, document: str, id: str, label: str, span: Given, note: str | None, unit: str
    ) -> Expected | Refusal:
        """POST to a document's annotations, with an id of the client's."""
        if who not in self._roles:
            return self._refused({"not-found"})
        problems = set() if self.may(who, "annotator") else {"forbidden"}
        placed = _placed(self.documents[document], span, unit)
        problems |= _unprocessable(label, placed)
        known = self.annotations.get(id)
        said = Said(label, *placed, note) if isinstance(placed, tuple) else None
        if known is not None:
            told = {known.versions[0].said, known.now.said}
            if said not in told or (known.author, known.document) != (who, document):
                problems.add("id-conflict")
            if known.now.withdrawn:
                problems.add("gone")
        if problems or said is None:
            return self._refused(problems)
        if known is not None:
            return Expected(200, known.fields(unit), known.version)
        version = Version(said, "pending", edited_by=who, changed_by=who)
        text = self.documents[document]
        made = Annotation(id, self.project, document, text, who, [version])
        self.annotations[id] = made
        self._record("annotation.created", made, who)
        return Expected(201, made.fields(unit), 1)

    def edit(
        self,
        who: str,
        id: str,
        seen: int | None,
        unit: str,
        *,
        label: str | None = None,
        span: Given | None = None,
        note: str | None = None,
    ) -> Expected | Refusal:
        """PATCH of an annotation; what is None stays. Who saw no version sends no If-Match."""
        if who not in self._roles:
            return self._refused({"not-found"})
        it = self.annotations[id]
        own = it.author == who and self.may(who, "annotator")
        problems = set() if own or self.may(who, "reviewer") else {"forbidden"}
        problems |= self._conditions(it, seen)
        before = it.now.said
        placed: tuple[int, int] | str = (before.start, before.end)
        if span is not None:
            placed = _placed(it.text, span, unit)
        problems |= _unprocessable(label or before.label, placed)
        if problems or isinstance(placed, str):
            return self._refused(problems, it, unit)
        said = Said(label or before.label, *placed, before.note if note is None else note)
        if said != before:
            it.add(said=said, status="pending", edited_by=who, changed_by=who, decided_by=None)
            self._record("annotation.updated", it, who)
        return Expected(200, it.fields(unit), it.version)

    def decide(
        self, who: str, id: str, seen: int | None, verdict: str, comment: str | None
    ) -> Expected | Refusal:
        """POST to an annotation's decisions."""
        if who not in self._roles:
            return self._refused({"not-found"})
        it = self.annotations[id]
        problems = set() if self.may(who, "reviewer") else {"forbidden"}
        if verdict != "approve" and not comment:
            problems.add("comment-required")
        standing = self._standing(it, who, seen, verdict, comment)
        if standing is None:
            problems |= self._conditions(it, seen)
            if who == it.author or (who == it.now.edited_by and verdict == "approve"):
                problems.add("own-annotation")
        if problems:
            return self._refused(problems, it)
        if standing is not None:
            return Expected(200, standing.fields(id), standing.version + 1)
        made = Decision(it.version, verdict, comment, who)
        it.decisions.append(made)
        it.add(status=STATUS[verdict], changed_by=who, decided_by=who)
        self._record("annotation.decided", it, who)
        return Expected(201, made.fields(id), it.version)

    @staticmethod
    def _standing(
        it: Annotation, who: str, seen: int | None, verdict: str, comment: str | None
    ) -> Decision | None:
        """The decision that this one repeats.

        Who has seen what came of their own decision, and says nothing more, repeats it too.
        """
        for said in it.decisions:
            if (said.reviewer, said.verdict) != (who, verdict):
                continue
            latest = seen == it.version == said.version + 1
            if seen == said.version or (latest and comment in {None, said.comment}):
                return said
        return None

    def withdraw(self, who: str, id: str, seen: int | None) -> Expected | Refusal:
        """DELETE of an annotation."""
        if who not in self._roles:
            return self._refused({"not-found"})
        it = self.annotations[id]
        own = it.author == who and self.may(who, "annotator") and it.now.status != "approved"
        problems = set() if own or self.may(who, "reviewer") else {"forbidden"}
        problems |= self._conditions(it, seen)
        if problems:
            return self._refused(problems, it)
        it.add(withdrawn=True, changed_by=who)
        self._record("annotation.withdrawn", it, who)
        return Expected(204)

    def read(self, who: str, id: str, unit: str) -> Expected | Refusal:
        """GET of an annotation."""
        it = self.annotations[id]
        if who not in self._roles:
            return self._refused({"not-found"})
        if it.now.withdrawn:
            return self._refused({"gone"})
        return Expected(200, it.fields(unit), it.version)

    def _conditions(self, it: Annotation, seen: int | None) -> set[str]:
        problems = {"gone"} if it.now.withdrawn else set()
        if seen is None:
            problems.add("precondition-required")
        elif seen != it.version:
            problems.add("stale-version")
        return problems

    @staticmethod
    def _refused(
        problems: Collection[str], it: Annotation | None = None, unit: str = "code_points"
    ) -> Refusal:
        return Refusal(frozenset(problems), it.fields(unit) if it else {})

    def _record(self, kind: str, it: Annotation, who: str) -> None:
        state = None if it.now.withdrawn else it.fields()
        self.log.append(Entry(kind, it.id, who, it.version, state))


def _unprocessable(label: str, placed: tuple[int, int] | str) -> set[str]:
    """The one code for what is refused of a body; several of them are told as one."""
    codes = set() if label in LABELS else {"unknown-label"}
    if isinstance(placed, str):
        codes.add(placed)
    return {"invalid-body"} if len(codes) > 1 else codes


def _placed(text: str, span: Given, unit: str) -> tuple[int, int] | str:
    """Where the span stands, in code points, or why it is refused."""
    if span.start is None or span.end is None:
        return _found(text, span.quote or "")
    length = make.measured(text, unit)
    if not (0 <= span.start <= length and 0 <= span.end <= length):
        return "offset-out-of-range"
    if span.start == span.end:
        return "span-empty"
    if span.start > span.end:
        return "span-reversed"
    if span.quote is None:
        return "quote-missing"
    if make.cut(text, span.start, span.end, unit) != span.quote:
        return "quote-mismatch"
    start = len(make.cut(text, 0, span.start, unit))
    return start, start + len(span.quote)


def _found(text: str, quote: str) -> tuple[int, int] | str:
    starts = [start for start in range(len(text)) if text.startswith(quote, start)]
    if not starts:
        return "quote-not-found"
    return (starts[0], starts[0] + len(quote)) if len(starts) == 1 else "quote-ambiguous"


def counts(annotations: Iterable[Annotation]) -> dict[str, int]:
    """How many of them have each status."""
    found = Counter(each.now.status for each in annotations)
    return {status: found[status] for status in STATUSES}


def in_text_order(annotations: Iterable[Annotation]) -> list[tuple[int, int]]:
    """Where they stand, in the order in which a document lists them."""
    return sorted((each.now.said.start, each.now.said.end) for each in annotations)
