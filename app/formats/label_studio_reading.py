"""Label Studio's JSON in: Stet's own, its full export, and tasks with predictions.

Cancelled annotations are passed over. A prediction's regions are a model's, with its score. Of a
task's ``data`` the text is ``text``, or else the longest string; the rest is metadata. Drafts,
regions of anything but plain text, or of another one, and answers about a whole task are refused:
Stet has no place for them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.blanks import is_blank
from app.core.errors import InvalidJson, TooLarge
from app.core.validation import escaped
from app.core.vocabulary import AttributeType
from app.formats import values, words
from app.formats.arrivals import proof
from app.formats.elements import Elements
from app.formats.identity import Derived, named_document_id, uuid_in
from app.formats.label_studio_places import DATA, KEPT_DATA, MAX_LABELS, parts_of_region
from app.formats.label_studio_spans import Spans
from app.formats.label_studio_texts import TEXT, check_of_text, text_of
from app.formats.record import Head, Item, Place
from app.formats.refusals import Refused, the_object

LABEL = "label"

_OLD = "completions"
"""What annotations were called before Label Studio 1.0."""
_ANSWERS = {"choices": "choices", "textarea": "text", "number": "number", "rating": "rating"}
"""The results that are attributes, and the key of each one's value."""
_DIRECTIONS = (None, "right", "left")
_LISTS = {AttributeType.ENUMS, AttributeType.STRINGS}


class Reader:
    """An array of tasks to documents."""

    def __init__(self, head: Head) -> None:
        """The scheme says which attributes are truth values and lists."""
        self._head = head
        self._elements = Elements()
        self._number = 0

    def feed(self, chunk: bytes) -> Iterator[Item]:
        """The tasks that end in this chunk."""
        for element in self._elements.feed(chunk):
            self._number += 1
            yield self._item(element)

    def close(self) -> Iterator[Item]:
        """No more tasks, but the check that the array was whole."""
        self._elements.close()
        yield from ()

    def _item(self, element: bytes) -> Item:
        try:
            task = _Task(self._head, self._number, values.parse(element))
            task.read()
        except (InvalidJson, TooLarge) as problem:
            return Item(self._number, None, problem)
        except Refused as refused:
            return Item(self._number, None, refused.problem)
        return Item(self._number, task.value, places=task.places, size=len(element))


class _Task:
    """A task, put into a document's value."""

    def __init__(self, head: Head, number: int, task: Any) -> None:
        self._head = head
        self._number = number
        self._task = _object(task, "")
        data = self._data = _object(self._task.get("data"), "/data")
        text = self._text = text_of(data)
        self.value: dict[str, Any] = {
            **_particulars(self._task, number, data, text),
            TEXT: data[text],
        }
        self.value |= {"annotations": [], "relations": []}
        kept = isinstance(data.get("stet"), dict)
        self.places: dict[str, Place] = {
            "": Place(number, "", KEPT_DATA if kept else DATA),
            "/text": Place(number, f"/data/{escaped(text)}"),
        }
        self._spans = Spans(data[text], arrived="sha256" in self.value)
        id = uuid_in(self.value["id"]) or named_document_id("", data[text])
        self._derived = Derived(id)
        self._ids: set[str] = set()
        self._regions: list[tuple[str, dict[str, Any]]] = []

    def read(self) -> None:
        """Every annotation that was not cancelled, and every prediction."""
        for kind in ("annotations", _OLD, "predictions"):
            for pointer, annotation in self._held(kind):
                if annotation.get("was_cancelled") or (kind == _OLD and annotation.get("skipped")):
                    continue
                said: dict[str, Any] = {}
                if kind == "predictions":
                    said = {"origin": "model"} | _sure(annotation, pointer)
                self._results(annotation, pointer, said)
        for pointer, draft in self._held("drafts"):
            if draft.get("result"):
                raise Refused(
                    "A draft is not read: submit or delete it in Label Studio, or leave it out.",
                    pointer,
                )
        check_of_text(self._data, self._text, self._regions)

    def _held(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for place, said in enumerate(_list(self._task.get(kind), f"/{kind}")):
            # An export may name predictions and drafts by their numbers, and not hold them.
            if type(said) is not int:
                pointer = f"/{kind}/{place}"
                yield pointer, _object(said, pointer)

    def _results(self, annotation: dict[str, Any], pointer: str, said: dict[str, Any]) -> None:
        # The places of a result's regions, by the ids that its other parts name them with.
        regions: dict[str, list[int]] = {}
        parts = [
            (f"{pointer}/result/{place}", _object(part, f"{pointer}/result/{place}"))
            for place, part in enumerate(_list(annotation.get("result"), f"{pointer}/result"))
        ]
        labelled = [(at, part) for at, part in parts if part.get("type") == "labels"]
        self._regions += labelled
        old = self._spans.are_old(part.get("value") for _, part in labelled)
        for at, part in labelled:
            of = regions.setdefault(_id(part, "id", at), [])
            of.extend(self._region(part, at, said, MAX_LABELS - len(of), old=old))
        for at, part in parts:
            type = part.get("type")
            if not isinstance(type, str):
                raise Refused("A result's type is a string.", f"{at}/type")
            if type == "relation":
                self._relation(part, at, regions)
            elif type in _ANSWERS:
                self._answer(part, at, regions)
            elif type != "labels":
                raise Refused(f"A result of type {ascii(type)[:60]} is not held by Stet.", at)

    def _region(
        self, part: dict[str, Any], at: str, said: dict[str, Any], most: int, *, old: bool
    ) -> Iterator[int]:
        value, meta = _object(part.get("value"), f"{at}/value"), part.get("meta")
        labels = _list(value.get("labels"), f"{at}/value/labels")
        if not labels:
            raise Refused("The region has no label.", f"{at}/value/labels")
        if len(labels) > most:
            raise Refused(
                f"The regions of one id have more than {MAX_LABELS} labels.", f"{at}/value/labels"
            )
        offsets = (value.get("start"), value.get("end"))
        if any(type(offset) is not int for offset in offsets) or "startOffset" in value:
            raise Refused("Only regions of plain text are taken, not of HTML.", f"{at}/value")
        name, span = _id(part, "id", at), self._spans.span(value, old=old)
        for place, label in enumerate(labels):
            if not isinstance(label, str):
                raise Refused("A label is a string.", f"{at}/value/labels/{place}")
            annotation: dict[str, Any] = {"label": label, **span, "attributes": {}}
            annotation |= said | (_sure(part, at) if said else {}) | _meta(meta)
            annotation |= self._named(name, annotation)
            kept = isinstance(meta, dict) and "stet" in meta
            yield self._place("annotations", annotation, at, parts_of_region(place, kept=kept))

    def _named(self, name: str, annotation: dict[str, Any]) -> dict[str, Any]:
        """The region's id, if it is the first of that id: each of its labels is an annotation."""
        bounds = (annotation["label"], annotation["start"], annotation["end"])
        taken = name in self._ids
        self._ids.add(name)
        if uuid_in(name) and not taken:
            return {"id": name}
        id = {"id": str(self._derived.annotation(*bounds))}
        return id if taken or uuid_in(name) else {**id, "external_id": name}

    def _answer(self, part: dict[str, Any], at: str, regions: Mapping[str, list[int]]) -> None:
        of = part.get("id")
        if not isinstance(of, str) or of not in regions:
            raise Refused("Stet holds answers about a labelled region only.", at)
        name = _id(part, "from_name", at)
        value = _object(part.get("value"), f"{at}/value").get(_ANSWERS[part["type"]])
        for place in regions[of]:
            annotation = self.value["annotations"][place]
            type = self._head.labels.get(annotation["label"], {}).get(name)
            annotation["attributes"][name] = _typed(type, value)
            self.places[f"/annotations/{place}/attributes/{escaped(name)}"] = Place(
                self._number, f"{at}/value"
            )

    def _relation(self, part: dict[str, Any], at: str, regions: Mapping[str, list[int]]) -> None:
        ends = []
        for key in ("from_id", "to_id"):
            name = _id(part, key, at)
            if name not in regions:
                raise Refused("There is no such region in this annotation.", f"{at}/{key}")
            ends.append(self.value["annotations"][regions[name][0]]["id"])
        where = {"source": "/from_id", "target": "/to_id"}
        direction = part.get("direction")
        if direction not in _DIRECTIONS:
            raise Refused(
                "A relation leads from one region to another, left or right: make two of one that "
                "leads both ways.",
                f"{at}/direction",
            )
        if direction == "left":
            ends.reverse()
            where = {"source": "/to_id", "target": "/from_id"}
        source, target = ends
        labels = _list(part.get("labels"), f"{at}/labels")
        if not labels:
            raise Refused("The relation has no label.", at)
        for place, label in enumerate(labels):
            id = uuid_in(part.get("id")) if len(labels) == 1 else None
            id = id or self._derived.relation(str(label), source, target)
            relation = {"id": str(id), "type": label, "source": source, "target": target}
            self._place("relations", relation, at, where | {"type": f"/labels/{place}"})

    def _place(self, kind: str, value: dict[str, Any], at: str, parts: Mapping[str, str]) -> int:
        place = len(self.value[kind])
        self.places[f"/{kind}/{place}"] = Place(self._number, at, parts)
        self.value[kind].append(value)
        return place


def _particulars(
    task: dict[str, Any], number: int, data: dict[str, Any], text: str
) -> dict[str, Any]:
    """What the document is beside its text, as Stet wrote it or as the task has it."""
    if isinstance(data.get("stet"), dict):
        kept = {name: value for name, value in data["stet"].items() if name != "sha256"}
        if isinstance(kept.get("metadata"), str):
            kept["metadata"] = values.parse(kept["metadata"].encode())
        return {"id": None, **kept, **proof(data[text])}
    raw: str = data[text]
    name = task["id"] if isinstance(task.get("id"), int | str) else number
    title = data.get("title")
    titled = isinstance(title, str) and len(title) <= 1000 and not is_blank(title)
    return {
        "id": str(named_document_id(str(name), raw)),
        "title": title if titled else f"Task {name}",
        "metadata": {
            key: value
            for key, value in data.items()
            if key != text and not (titled and key == "title")
        },
    }


def _meta(meta: Any) -> dict[str, Any]:
    """A region's note, and what Stet keeps with it."""
    if not isinstance(meta, dict):
        return {}
    kept, notes = meta.get("stet"), meta.get("text")
    names = ("external_id", "origin", "confidence")
    held = {name: kept[name] for name in names if name in kept} if isinstance(kept, dict) else {}
    if isinstance(notes, list) and notes and all(isinstance(note, str) for note in notes):
        held["note"] = "\n".join(notes)
    elif isinstance(notes, str):
        held["note"] = notes
    return held


def _sure(part: dict[str, Any], pointer: str) -> dict[str, Any]:
    """A model's confidence, if it gives a score."""
    score = part.get("score")
    if score is None:
        return {}
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise Refused("A score is a number from 0 to 1, or left out.", f"{pointer}/score")
    return {"confidence": float(score)}


def _typed(type: AttributeType | None, value: Any) -> Any:
    """A result's value as the scheme's type has it; a single one of no type stands by itself."""
    if not isinstance(value, list) or type in _LISTS:
        return [value] if type in _LISTS and not isinstance(value, list) else value
    if len(value) != 1:
        return value
    if type is AttributeType.BOOLEAN and isinstance(value[0], str):
        return words.meant(type, value[0])
    return value[0]


def _object(value: Any, pointer: str) -> dict[str, Any]:
    return the_object(value, pointer, "Label Studio")


def _list(value: Any, pointer: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused("Label Studio has an array here.", pointer)
    return value


def _id(part: dict[str, Any], key: str, pointer: str) -> str:
    value = part.get(key)
    if not isinstance(value, str) or not value:
        raise Refused("Label Studio has a string here.", f"{pointer}/{key}")
    return value
