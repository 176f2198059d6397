"""What one node of a W3C Web Annotation graph says, and where in it that stands."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.formats.derived import uuid_in
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
_LABELLING = {"classifying", "tagging"}
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
        Refused: when it has no label, or says in another way where in the text it is.
    """
    where: dict[str, str] = {}
    said = terms(node, _OF_ANNOTATION) | _span(target, where) | _bodies(node, where)
    return said | made(node, changed="updated_at"), _parts(**where)


def type_of_link(
    bodies: list[tuple[str, Any]], target_at: str
) -> tuple[str | None, Mapping[str, str]]:
    """The type of a relation whose node has these bodies, and where in it what stands."""
    at, type = _value(bodies, _LABELLING)
    return type, {**_NAMED, "source": "/target", "target": target_at, "type": at}


def _span(target: dict[str, Any], where: dict[str, str]) -> dict[str, Any]:
    """The bounds and the words of the selectors; of words alone what stands around them too.

    Which selectors they are of is noted in ``where``.
    """
    span: dict[str, Any] = {}
    quoted: dict[str, Any] = {}
    for at, selector in placed(target.get("selector"), "/target/selector"):
        types = types_of(selector) if isinstance(selector, dict) else []
        if "TextPositionSelector" in types:
            span = {"start": selector.get("start"), "end": selector.get("end")}
            where["position"] = at
        elif "TextQuoteSelector" in types:
            quoted = selector
            where["quote"] = at
        else:
            raise Refused("Only positions in the text and quotes are taken.", "/target/selector")
    if "exact" in quoted:
        span["quote"] = quoted["exact"]
        if "start" not in span:
            span |= {name: quoted[name] for name in ("prefix", "suffix") if name in quoted}
    return span


def _bodies(node: dict[str, Any], where: dict[str, str]) -> dict[str, Any]:
    bodies = placed(node.get("body"), "/body")
    where["label"], label = _value(bodies, _LABELLING)
    where["note"], note = _value(bodies, {"commenting", "describing"})
    if label is None:
        raise Refused("No body with the purpose classifying or tagging is a label.", "/body")
    return {"label": label} if note is None else {"label": label, "note": note}


def _value(bodies: list[tuple[str, Any]], purposes: set[str]) -> tuple[str, str | None]:
    """The value of the first textual body of one of the purposes, and where it stands."""
    return next(
        (
            (f"{at}/value", part["value"])
            for at, part in bodies
            if isinstance(part, dict)
            and isinstance(part.get("value"), str)
            and purposes.intersection(filter(_is_text, _listed(part.get("purpose"))))
        ),
        ("/body", None),
    )


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
