"""What one node of a W3C Web Annotation graph says, and where in it that stands."""

from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Any

from app.formats.identity import uuid_in
from app.formats.refusals import Refused, the_object

_URN = "urn:uuid:"
_OF_ANNOTATION = (
    "external_id",
    "fragments",
    "attributes",
    "origin",
    "confidence",
    "edited_by",
    "status",
    "decided_by",
    "decided_at",
    "version",
    "decisions",
)
_LABELLING = frozenset({"classifying", "tagging"})
_NOTING = frozenset({"commenting", "describing", "replying"})
_SELECTORS = {"TextPositionSelector": "position", "TextQuoteSelector": "quote"}
_NAMED = {
    **{name: f"/stet:{name}" for name in _OF_ANNOTATION},
    "author": "/creator/nickname",
    "created_at": "/created",
    "updated_at": "/modified",
}
"""Where in a node parts of its annotation or relation stand."""


def terms(node: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """What a node says in Stet's terms."""
    return {name: node[f"stet:{name}"] for name in names if f"stet:{name}" in node}


def annotation_of(
    node: dict[str, Any], target: dict[str, Any]
) -> tuple[dict[str, Any], Mapping[str, str]]:
    """What the node of an annotation says of it, but its id, and where in the node that stands.

    Raises:
        Refused: when it has no label or several, or a body that is neither that nor a note, or says
            in another way where in the text it is.
    """
    where: dict[str, str] = {}
    said = terms(node, _OF_ANNOTATION) | _span(target, where) | _bodies(node, where)
    return said | made(node, changed="updated_at"), _parts(**where)


def link_of(node: dict[str, Any]) -> tuple[dict[str, Any], Mapping[str, str]]:
    """The type of a relation and what it joins, by ids of nodes, and where in its node that stands.

    Raises:
        Refused: when the node does not say each once, or says more.
    """
    _refuse_short_body(node)
    ends: dict[str, str] = {}
    types: dict[str, str] = {}
    for at, part in placed(node.get("body"), "/body"):
        type = _text(part, _LABELLING)
        if isinstance(part, str):
            ends[at] = part
        elif type is not None:
            types[f"{at}/value"] = type
        else:
            raise Refused(
                "A body of a link is what it leads to, or a tag: Stet holds no other.", at
            )
    if not types:
        raise Refused("The link has no tag that says what it is.", "/body")
    for several in (ends, types):
        if len(several) > 1:
            raise Refused("A link has one end and one tag: make one of each.", [*several][1])
    ((type_at, type),) = types.items()
    target_at, target = next(iter(ends.items()), ("/body", None))
    said = {"type": type, "source": node.get("target"), "target": target}
    return said, {**_NAMED, "source": "/target", "target": target_at, "type": type_at}


def _span(target: dict[str, Any], where: dict[str, str]) -> dict[str, Any]:
    """The bounds and the words of the selectors; of words alone what stands around them too.

    Which selectors they are of is noted in ``where``.
    """
    found: dict[str, dict[str, Any]] = {}
    for at, selector in placed(target.get("selector"), "/target/selector"):
        types = types_of(selector) if isinstance(selector, dict) else []
        kind = next((kind for type, kind in _SELECTORS.items() if type in types), None)
        if kind is None:
            raise Refused("Only positions in the text and quotes are taken.", "/target/selector")
        if "refinedBy" in selector:
            raise Refused(
                "Select the words themselves: a selector that another one refines is not taken.",
                f"{at}/refinedBy",
            )
        if kind in found:
            raise Refused("An annotation has one position and one quote: make one of each.", at)
        found[kind] = selector
        where[kind] = at
    span: dict[str, Any] = {}
    if (position := found.get("position")) is not None:
        span = {"start": position.get("start"), "end": position.get("end")}
    quoted = found.get("quote", {})
    if "exact" in quoted:
        span["quote"] = quoted["exact"]
        if "start" not in span:
            span |= {name: quoted[name] for name in ("prefix", "suffix") if name in quoted}
    return span


def _bodies(node: dict[str, Any], where: dict[str, str]) -> dict[str, Any]:
    """The label, and the notes as one."""
    _refuse_short_body(node)
    labels: dict[str, str] = {}
    notes: dict[str, str] = {}
    for at, part in placed(node.get("body"), "/body"):
        label, note = _text(part, _LABELLING), _text(part, _NOTING)
        if label is not None:
            labels[f"{at}/value"] = label
        if note is not None:
            notes[f"{at}/value"] = note
        if label is None and note is None:
            raise Refused(
                "A body is a label (classifying, tagging) or a note (commenting, describing, "
                "replying), in words and with that purpose: Stet holds no other.",
                at,
            )
    if not labels:
        raise Refused("No body with the purpose classifying or tagging is a label.", "/body")
    if len(labels) > 1:
        raise Refused("An annotation has one label: make one of each.", [*labels][1])
    ((where["label"], label),) = labels.items()
    where["note"] = next(iter(notes), "/body")
    return {"label": label} | ({"note": "\n".join(notes.values())} if notes else {})


def _refuse_short_body(node: dict[str, Any]) -> None:
    """Refuse a body that is nothing but words: what they are for is not said."""
    if "bodyValue" in node:
        raise Refused("Words with a purpose are a TextualBody.", "/bodyValue")


def _text(body: Any, purposes: Set[str]) -> str | None:
    """The words of a textual body of one of the purposes; None of any other."""
    if not isinstance(body, dict) or not isinstance(body.get("value"), str):
        return None
    value: str = body["value"]
    named = filter(_is_text, _listed(body.get("purpose")))
    return None if purposes.isdisjoint(named) else value


@lru_cache(64)
def _parts(
    label: str, note: str, position: str = "/target/selector", quote: str = "/target/selector"
) -> Mapping[str, str]:
    """Where in a node the parts of its annotation stand, by where its bodies and selectors do."""
    bounds = {name: f"{position}/{name}" for name in ("start", "end")}
    around = {name: f"{quote}/{name}" for name in ("prefix", "suffix")}
    return {**_NAMED, **bounds, **around, "quote": f"{quote}/exact", "label": label, "note": note}


def made(node: dict[str, Any], changed: str | None = None) -> dict[str, Any]:
    """Who made it and when; of another service's people Stet knows none but by their nickname."""
    made: dict[str, Any] = {}
    creator = node.get("creator")
    if isinstance(creator, dict) and "nickname" in creator:
        made["author"] = creator["nickname"]
    if "created" in node:
        made["created_at"] = node["created"]
    if changed is not None and "modified" in node:
        made[changed] = node["modified"]
    return made


def iri_of(value: Any, pointer: str) -> str:
    """The id of a node.

    Raises:
        Refused: when it is no text, or empty.
    """
    if not isinstance(value, str) or not value:
        raise Refused("A node of the graph has an id.", pointer)
    return value


def uuid_of(iri: Any) -> str | None:
    """The UUID that an id of Stet's is made of; None for any other."""
    id = uuid_in(iri.removeprefix(_URN)) if isinstance(iri, str) and iri.startswith(_URN) else None
    return None if id is None else str(id)


def types_of(node: dict[str, Any]) -> list[Any]:
    """The types of a node."""
    return _listed(node.get("type"))


def _listed(value: Any) -> list[Any]:
    """JSON-LD has one value for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def placed(value: Any, pointer: str) -> list[tuple[str, Any]]:
    """The values of a list, or the single one, each with its pointer where they stand at that."""
    if isinstance(value, list):
        return [(f"{pointer}/{place}", part) for place, part in enumerate(value)]
    return [(pointer, part) for part in _listed(value)]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def node_of(value: Any, pointer: str) -> dict[str, Any]:
    """The value, which must be an object.

    Raises:
        Refused: when it is something else.
    """
    return the_object(value, pointer, "The graph")
