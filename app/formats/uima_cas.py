"""UIMA CAS: a zip of an XMI a document and their type system, as INCEpTION reads and writes it.

Spans are of the custom layer ``StetSpan``, relations of ``StetRelation``, and what a document is
beside its text stands in ``StetDocument`` and in DKPro's ``DocumentMetaData``. Offsets are UTF-16
code units, as Java counts. Attributes are features of their name, strings all of them: a number or
a truth value of UIMA's own is never absent, so that "not said" would come back as 0 or false.

XML 1.0 has no U+FFFE and U+FFFF: the replacement character stands for them, and the true value, in
ASCII JSON, in the feature ``exact``. Who wrote what and how it was reviewed is left out: what is
edited in INCEpTION must not come back as approved.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.core.ids import ById
from app.core.vocabulary import AttributeType, OffsetUnit
from app.formats import words
from app.formats.kinds import Kind
from app.formats.names import escaped
from app.formats.record import AnnotationRecord, DocumentRecord, Head, RelationRecord
from app.formats.uima_cas_reading import Reader
from app.formats.zipped import Packer
from app.text.offsets import Ruler

__all__ = ["LOSES", "SUFFIX", "Reader", "Writer"]

SUFFIX = "zip"
LOSES = frozenset({Kind.CREATED_BY, Kind.AUTHORS, Kind.STATUS, Kind.DECISIONS, Kind.HISTORY})

_LISTS = {AttributeType.STRINGS, AttributeType.ENUMS}
_OWN = {"label", "note", "origin", "confidence", "identifier", "externalId", "fragments", "exact"}
# With both of its ends a layer joins annotations.
_ENDS = ("Governor", "Dependent")
_TAKEN = _OWN | {"begin", "end", "sofa", "id", "type", "self", *_ENDS}
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore"'
    ' xmlns:custom="http:///webanno/custom.ecore"'
    ' xmlns:type="http:///de/tudarmstadt/ukp/dkpro/core/api/metadata/type.ecore"'
    ' xmi:version="2.0">\n<cas:NULL xmi:id="0"/>\n'
)
_ESCAPES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        # Read as blanks otherwise: XML normalizes the white space of attributes.
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
        "\ufffe": "\ufffd",
        "\uffff": "\ufffd",
    }
)


class Writer:
    """Records to the members of an archive."""

    def __init__(self, head: Head) -> None:
        """The scheme becomes the type system."""
        self._lists = {name for name, types in head.attributes.items() if types <= _LISTS}
        self._scalars = {name for name, types in head.attributes.items() if not types & _LISTS}
        self._types: str | None = _type_system(self._lists, self._scalars)
        self._packer = Packer()

    def write(self, record: DocumentRecord) -> bytes:
        """The document's member; before the first stands the type system."""
        xmi = "".join(self._document(record)).encode()
        return b"".join([*self._typed(), self._packer.add(f"{record.id}.xmi", xmi)])

    def close(self) -> Iterator[bytes]:
        """The archive's directory."""
        yield from self._typed()
        yield from self._packer.close()

    def _typed(self) -> Iterator[bytes]:
        if self._types is not None:
            yield self._packer.add("TypeSystem.xml", self._types.encode())
            self._types = None

    def _document(self, record: DocumentRecord) -> Iterator[str]:
        ruler = Ruler(record.text, OffsetUnit.UTF16)
        yield _HEAD
        metadata = {
            "begin": 0,
            "end": ruler.length(),
            "language": record.language or "x-unspecified",
            "documentTitle": record.title,
            "documentId": record.id,
        }
        yield _element("type:DocumentMetaData", 2, metadata)
        yield _element("custom:StetDocument", 3, _particulars(record))
        ids = ById((it.id, 4 + place) for place, it in enumerate(record.annotations))
        bounds: ById[dict[str, object]] = ById()
        for annotation in record.annotations:
            begin, end = map(ruler.from_code_points, (annotation.start, annotation.end))
            bounds[annotation.id] = {"begin": begin, "end": end}
            features, lists = self._features(annotation, ruler)
            features = bounds[annotation.id] | features
            yield _element("custom:StetSpan", ids[annotation.id], features, lists)
        last = 3 + len(ids)
        for relation in record.relations:
            last += 1
            # A relation of INCEpTION's stands where its dependent does.
            yield _element(
                "custom:StetRelation", last, bounds[relation.target] | _joining(relation, ids)
            )
        sofa = {"sofaNum": 1, "sofaID": "_InitialView", "mimeType": "text/plain"}
        yield f'<cas:Sofa xmi:id="1"{_attributes(sofa | {"sofaString": record.text})}/>\n'
        members = " ".join(map(str, range(2, last + 1)))
        yield f'<cas:View sofa="1" members="{members}"/>\n</xmi:XMI>\n'

    def _features(
        self, annotation: AnnotationRecord, ruler: Ruler
    ) -> tuple[dict[str, object], dict[str, list[str]]]:
        features: dict[str, object] = {
            "identifier": annotation.id,
            "externalId": annotation.external_id,
            "label": annotation.label,
            "note": annotation.note,
            "origin": annotation.origin,
            "confidence": annotation.confidence,
        }
        if annotation.fragments is not None:
            pieces = [
                [ruler.from_code_points(fragment["start"]), ruler.from_code_points(fragment["end"])]
                for fragment in annotation.fragments
            ]
            features["fragments"] = _json(pieces)
        exact = _exact({name: features[name] for name in ("label", "note", "externalId")})
        lists: dict[str, list[str]] = {}
        others: dict[str, Any] = {}
        for name, value in annotation.attributes.items():
            said = _in_units(value, ruler)
            if isinstance(value, list) and name in self._lists:
                lists[feature(name)] = value
            elif not isinstance(value, list) and name in self._scalars:
                features[feature(name)] = _json(said) if isinstance(said, dict) else words.of(said)
            else:
                # A name that one label has for a list and another for a single value.
                others[name] = said
            if _exact({name: value}):
                others[name] = said
        if others:
            exact["attributes"] = others
        features["exact"] = _json(exact) if exact else None
        return features, lists


def feature(attribute: str) -> str:
    """The name of the attribute's feature: letters, digits and underscores, a letter first."""
    name = escaped(attribute, hyphens=False)
    return name if name[0].isalpha() and name not in _TAKEN else f"a_x_{name}"


def _particulars(record: DocumentRecord) -> dict[str, object]:
    features: dict[str, object] = {
        "identifier": record.id,
        "externalId": record.external_id,
        "title": record.title,
        "sourceUrl": record.source_url,
        "publishedOn": record.published_on,
        "metadata": _json(record.metadata),
    }
    names = ("externalId", "title", "sourceUrl")
    exact = _exact({name: features[name] for name in names} | {"text": record.text})
    return features | {"exact": _json(exact) if exact else None}


def _joining(relation: RelationRecord, ids: ById[int]) -> dict[str, object]:
    exact = _exact({"label": relation.type})
    return {
        "identifier": relation.id,
        "label": relation.type,
        "Governor": ids[relation.source],
        "Dependent": ids[relation.target],
        "exact": _json(exact) if exact else None,
    }


def _exact(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that XML cannot hold."""
    return {
        name: value
        for name, value in values.items()
        if any(
            isinstance(part, str) and ("\ufffe" in part or "\uffff" in part)
            for part in (value if isinstance(value, list) else [value])
        )
    }


def _in_units(value: Any, ruler: Ruler) -> Any:
    if not isinstance(value, dict):
        return value
    start, end = map(ruler.from_code_points, (value["start"], value["end"]))
    return {"start": start, "end": end, "quote": value["quote"]}


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _element(
    name: str, id: int, features: Mapping[str, object], lists: Mapping[str, list[str]] | None = None
) -> str:
    # An empty array is an empty attribute; the others are elements, for their strings hold blanks.
    empty = {name: "" for name, values in (lists or {}).items() if not values}
    start = f'<{name} xmi:id="{id}" sofa="1"{_attributes({**features, **empty})}'
    inside = "".join(
        f"<{feature}>{value.translate(_ESCAPES)}</{feature}>"
        for feature, values in (lists or {}).items()
        for value in values
    )
    return f"{start}>{inside}</{name}>\n" if inside else f"{start}/>\n"


def _attributes(features: Mapping[str, object]) -> str:
    return "".join(
        f' {name}="{str(value).translate(_ESCAPES)}"'
        for name, value in features.items()
        if value is not None
    )


def _type_system(lists: set[str], scalars: set[str]) -> str:
    string, array = "uima.cas.String", "uima.cas.StringArray"
    metadata = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
    named = ("documentTitle", "documentId", "documentUri", "collectionId", "documentBaseUri")
    kept = ("identifier", "externalId", "title", "sourceUrl", "publishedOn", "metadata", "exact")
    span = dict.fromkeys(sorted(_OWN), string) | {"confidence": "uima.cas.Double"}
    span |= {feature(name): string for name in sorted(scalars)}
    span |= {feature(name): array for name in sorted(lists)}
    ends = dict.fromkeys(_ENDS, "webanno.custom.StetSpan")
    types = [
        (
            metadata,
            "uima.tcas.DocumentAnnotation",
            dict.fromkeys(named, string) | {"isLastSegment": "uima.cas.Boolean"},
        ),
        ("webanno.custom.StetDocument", "uima.cas.AnnotationBase", dict.fromkeys(kept, string)),
        ("webanno.custom.StetSpan", "uima.tcas.Annotation", span),
        (
            "webanno.custom.StetRelation",
            "uima.tcas.Annotation",
            ends | dict.fromkeys(("identifier", "label", "exact"), string),
        ),
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<typeSystemDescription xmlns="http://uima.apache.org/resourceSpecifier">\n<types>\n'
        + "".join(_type(*type) for type in types)
        + "</types>\n</typeSystemDescription>\n"
    )


def _type(name: str, supertype: str, features: Mapping[str, str]) -> str:
    described = "".join(
        f"<featureDescription><name>{feature}</name><description/>"
        f"<rangeTypeName>{values}</rangeTypeName></featureDescription>\n"
        for feature, values in features.items()
    )
    return (
        f"<typeDescription><name>{name}</name><description/>"
        f"<supertypeName>{supertype}</supertypeName>\n"
        f"<features>\n{described}</features></typeDescription>\n"
    )
