"""Records to write and read back, and what of them a format must keep."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from app.core.vocabulary import AttributeType, OffsetUnit, Origin, Status, Verdict
from app.formats.kinds import Kind
from app.formats.losses import Loss
from app.formats.record import (
    AnnotationRecord,
    DecisionRecord,
    DocumentRecord,
    Head,
    Item,
    RelationRecord,
)
from app.text.normalization import normalize, sha256
from app.text.offsets import to_code_points
from tests import make

HEAD = Head(project="demo", scheme=make.TYPED_SCHEME, scheme_version=1, sequence=7)

_WORDS = st.sampled_from(
    ["Kyiv", "says", "“no”", "150", "да", "cafe\u0301", "😀", "🇺🇦", "مرحبا", "don't", "a,b", '"x"']
)
_GAPS = st.sampled_from([" ", " ", " ", "\n", ". ", "\t", "\n\n", "  ", "&<>", "\\n", "\u2028", ""])
# No character that no document has: control characters and surrogates are refused at arrival.
_PROSE = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"), max_size=12
)
_LINE = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
_NAMED = _LINE.filter(lambda line: bool(line.strip()))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text of words and what may stand between them."""
    pieces = draw(st.lists(st.tuples(_WORDS, _GAPS), min_size=1, max_size=12))
    # A text that came with two byte order marks is stored with the second.
    mark = draw(st.sampled_from(["", "", "", "\ufeff"]))
    return mark + "".join(word + gap for word, gap in pieces)


@st.composite
def _spans(draw: st.DrawFn, text: str) -> tuple[int, int]:
    start = draw(st.integers(0, len(text) - 1))
    return start, draw(st.integers(start + 1, len(text)))


def _value(draw: st.DrawFn, type: AttributeType, text: str) -> Any:
    words = st.sampled_from(["один", "two"])
    match type:
        case AttributeType.STRING:
            return draw(_PROSE)
        case AttributeType.STRINGS:
            return draw(st.lists(_PROSE, max_size=3))
        case AttributeType.ENUM:
            return draw(words)
        case AttributeType.ENUMS:
            return draw(st.lists(words, max_size=2))
        case AttributeType.BOOLEAN:
            return draw(st.booleans())
        case AttributeType.INTEGER:
            return draw(st.integers(-(2**53) + 1, 2**53 - 1))
        case AttributeType.NUMBER:
            whole = st.integers(-(2**53) + 1, 2**53 - 1)
            return draw(st.floats(allow_nan=False, allow_infinity=False) | whole)
        case AttributeType.SPAN:
            start, end = draw(_spans(text))
            return {"start": start, "end": end, "quote": text[start:end]}


@st.composite
def _annotations(draw: st.DrawFn, text: str, number: int) -> AnnotationRecord:
    label = draw(st.sampled_from(list(HEAD.labels)))
    start, end = draw(_spans(text))
    fragments = None
    if end - start > 3 and draw(st.booleans()):
        first = draw(st.integers(start + 1, end - 2))
        second = draw(st.integers(first + 1, end - 1))
        fragments = [
            {"start": left, "end": right, "quote": text[left:right]}
            for left, right in ((start, first), (second, end))
        ]
    types = HEAD.labels[label]
    named = [name for name in types if label == "strict" or draw(st.booleans())]
    decided = draw(st.booleans())
    status = draw(st.sampled_from(list(Status))) if decided else Status.PENDING
    origin = draw(st.sampled_from(list(Origin)))
    return AnnotationRecord(
        id=make.id_of(1000 + number),
        external_id=draw(st.none() | st.just(f"x{number}")),
        label=label,
        start=start,
        end=end,
        quote=text[start:end],
        fragments=fragments,
        attributes={name: _value(draw, types[name], text) for name in named},
        note=draw(st.none() | _PROSE),
        origin=origin,
        confidence=draw(st.none() | st.floats(0, 1)) if origin is Origin.MODEL else None,
        author="anna",
        edited_by="ben",
        status=status,
        decided_by=None if status is Status.PENDING else "rita",
        decided_at=None if status is Status.PENDING else make.MOMENT,
        version=3,
        created_at=make.MOMENT,
        updated_at=make.MOMENT,
        decisions=[DecisionRecord(1, Verdict.REJECT, draw(_NAMED), "rita", make.MOMENT)]
        if decided
        else [],
    )


@st.composite
def documents(draw: st.DrawFn, *, number: int = 1) -> DocumentRecord:
    """A document with annotations in text order and relations among them."""
    text = draw(texts())
    count = draw(st.integers(0, 5))
    annotations = [draw(_annotations(text, 10 * number + place)) for place in range(count)]
    annotations.sort(key=lambda annotation: (annotation.start, annotation.end))
    ends = [annotation.id for annotation in annotations]
    pairs = st.tuples(st.sampled_from(ends), st.sampled_from(ends)) if ends else st.nothing()
    relations = [
        RelationRecord(
            make.id_of(5000 + 10 * number + place), "joins", source, target, "anna", make.MOMENT
        )
        for place, (source, target) in enumerate(
            draw(st.lists(pairs, max_size=3, unique=True)) if ends else []
        )
        if source != target
    ]
    return DocumentRecord(
        id=make.id_of(number),
        external_id=draw(st.none() | st.just(f"doc/{number}")),
        title=draw(_NAMED),
        text=text,
        language=draw(st.none() | st.sampled_from(["en", "de-AT"])),
        source_url=draw(st.none() | st.just("https://example.org/a?b=c&d")),
        published_on=draw(st.none() | st.just(make.MOMENT.date())),
        metadata=draw(st.just({}) | st.just({"desk": "мир", "tags": [1, None, True, {"a": 0.5}]})),
        revision=1,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        bom_removed=False,
        newlines_converted=0,
        version=1,
        created_by="maria",
        created_at=make.MOMENT,
        updated_at=make.MOMENT,
        annotations=annotations,
        relations=relations,
    )


def kept(record: DocumentRecord, loses: Set[Kind], measured: Iterable[Loss] = ()) -> dict[str, Any]:
    """What of the record a format that loses these kinds must give back.

    Ids stand for what joins relations to annotations; where a format loses them, what the
    annotations say stands in their place. Of ``measured``, the format's own word, an annotation
    that overlaps another is left out, and blanks at the ends of a span are.
    """
    losses = {loss.subject: loss.kind for loss in measured}
    assert {*losses.values()} <= loses
    said = {
        annotation.id: _said(replace(annotation, start=start, end=end), loses)
        for annotation in record.annotations
        for start, end in _bounds(record.text, annotation, losses.get(annotation.id))
    }
    return _comparable(
        {
            "id": str(record.id),
            "external_id": record.external_id,
            "title": record.title,
            "language": record.language,
            "source_url": record.source_url,
            "published_on": record.published_on and record.published_on.isoformat(),
            "metadata": record.metadata,
            "created_by": record.created_by,
            "text": record.text,
        },
        list(said.values()),
        [
            (relation.type, said[relation.source], said[relation.target])
            for relation in record.relations
            if {relation.source, relation.target} <= said.keys()
        ],
        loses,
    )


def _bounds(
    text: str, annotation: AnnotationRecord, lost: Kind | None
) -> Iterator[tuple[int, int]]:
    """The bounds that must be given back; none of an annotation that is lost."""
    start, end = annotation.start, annotation.end
    if lost is Kind.BOUNDS:
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
    if lost is not Kind.OVERLAPS and start < end:
        yield start, end


def given(item: Item, loses: Set[Kind]) -> dict[str, Any]:
    """The same of what a reader gave, its offsets turned into code points."""
    assert item.problem is None, item.problem
    value = item.value
    unit = OffsetUnit(value.get("offset_unit", "code_points"))
    text = _stored(value)

    def point(offset: int) -> int:
        return to_code_points(text, offset, unit, pointer="")

    def span(part: dict[str, Any]) -> dict[str, Any]:
        start, end = point(part["start"]), point(part["end"])
        assert part.get("quote", text[start:end]) == text[start:end]
        return {"start": start, "end": end, "quote": text[start:end]}

    by_id: dict[str, dict[str, Any]] = {}
    said = []
    for annotation in value.get("annotations", []):
        fragments = annotation.get("fragments")
        if fragments:
            parts = [span(part) for part in fragments]
            bounds = {"start": parts[0]["start"], "end": parts[-1]["end"]}
        else:
            parts, bounds = None, span(annotation)
        cut = {
            name: span(it) if isinstance(it, dict) else it
            for name, it in annotation.get("attributes", {}).items()
        }
        whole = {**annotation, **bounds, "fragments": parts, "attributes": cut}
        said.append(_of(whole, loses))
        if "id" in annotation:
            by_id[annotation["id"]] = said[-1]
    relations = [
        (relation["type"], by_id[relation["source"]], by_id[relation["target"]])
        for relation in value.get("relations", [])
    ]
    return _comparable({**value, "text": text}, said, relations, loses)


def _stored(value: dict[str, Any]) -> str:
    """The text as an import stores it: one that its digest shows to have arrived, as it is."""
    text: str = value["text"]
    if "\r" not in text and value.get("sha256") == sha256(text):
        return text
    return normalize(text).text


_DOCUMENT_FIELDS = {
    "id": Kind.IDS,
    "external_id": Kind.EXTERNAL_IDS,
    "title": Kind.TITLE,
    "language": Kind.LANGUAGE,
    "source_url": Kind.SOURCE_URL,
    "published_on": Kind.PUBLISHED_ON,
    "metadata": Kind.METADATA,
    "created_by": Kind.CREATED_BY,
    "text": Kind.TEXT,
}
_ANNOTATION_FIELDS = {
    "id": Kind.IDS,
    "external_id": Kind.EXTERNAL_IDS,
    "fragments": Kind.FRAGMENTS,
    "note": Kind.NOTES,
    "origin": Kind.ORIGIN,
    "confidence": Kind.ORIGIN,
    "author": Kind.AUTHORS,
    "edited_by": Kind.AUTHORS,
    "status": Kind.STATUS,
    "decided_by": Kind.STATUS,
}
_DEFAULTS: dict[str, Any] = {"metadata": {}, "status": "pending"}


def _of(annotation: dict[str, Any], loses: Set[Kind]) -> dict[str, Any]:
    attributes = {
        name: value for name, value in annotation["attributes"].items() if _kind(value) not in loses
    }
    held = {
        name: annotation.get(name, _DEFAULTS.get(name))
        for name, kind in _ANNOTATION_FIELDS.items()
        if kind not in loses
    }
    core = {name: annotation[name] for name in ("label", "start", "end")}
    if Kind.DECISIONS not in loses:
        core["decisions"] = [
            (decision["version"], decision["verdict"], decision["comment"])
            for decision in annotation.get("decisions", [])
        ]
    return {**core, **held, "attributes": attributes}


def _kind(value: object) -> Kind:
    if isinstance(value, dict):
        return Kind.SPAN_ATTRIBUTES
    return Kind.LIST_ATTRIBUTES if isinstance(value, list) else Kind.ATTRIBUTES


def _said(annotation: AnnotationRecord, loses: Set[Kind]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: getattr(annotation, name)
        for name in (*_ANNOTATION_FIELDS, "label", "start", "end", "attributes")
    }
    fields["id"] = str(annotation.id)
    fields["decisions"] = [
        {"version": it.version, "verdict": it.verdict, "comment": it.comment}
        for it in annotation.decisions
    ]
    return _of(fields, loses)


def _comparable(
    document: dict[str, Any],
    annotations: list[dict[str, Any]],
    relations: Iterable[tuple[str, dict[str, Any], dict[str, Any]]],
    loses: Set[Kind],
) -> dict[str, Any]:
    held = {
        name: document.get(name, _DEFAULTS.get(name))
        for name, kind in _DOCUMENT_FIELDS.items()
        if kind not in loses
    }
    joined = () if Kind.RELATIONS in loses else relations
    return {
        **held,
        # Spans with equal bounds have no order of their own.
        "annotations": sorted(map(_plain, annotations)),
        "relations": sorted(map(_plain, joined)),
    }


def _plain(value: object) -> str:
    return json.dumps(value, sort_keys=True)
