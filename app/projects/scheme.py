"""The scheme: labels, their typed attributes, and the relations that may join them. Pure.

A project's scheme is immutable once stored; changing it makes a new version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from app.core.characters import control_character
from app.core.errors import InvalidAttribute, RelationNotAllowed, UnknownLabel, Unprocessable
from app.core.validation import escaped
from app.core.vocabulary import AttributeType

_MAX_VALUE_CHARS = 10_000
_MAX_LIST = 1_000
_SAFE_INTEGER = 2**53 - 1
_NAMED = 20
"""How many values a refusal names in its words; ``allowed`` has them all."""


@dataclass(frozen=True)
class Attribute:
    """One attribute of a label."""

    name: str
    type: AttributeType
    values: frozenset[str]
    required: bool

    def refusal(self, value: object) -> str | None:
        """Why the value is not of this attribute's type; None when it is.

        A span is only looked at for being an object: its offsets are checked against the text.
        """
        match self.type:
            case AttributeType.STRING:
                return _string_refusal(value)
            case AttributeType.ENUM:
                return self._enum_refusal(value)
            case AttributeType.STRINGS | AttributeType.ENUMS:
                return self._list_refusal(value)
            case AttributeType.BOOLEAN:
                return None if isinstance(value, bool) else "true or false is wanted"
            case AttributeType.INTEGER:
                whole = type(value) is int and abs(value) <= _SAFE_INTEGER
                return None if whole else "an integer of at most 53 bits is wanted"
            case AttributeType.NUMBER:
                return _number_refusal(value)
            case AttributeType.SPAN:
                return None if isinstance(value, dict) else "a span is wanted"

    def _enum_refusal(self, value: object) -> str | None:
        if isinstance(value, str) and value in self.values:
            return None
        return self._one_of_the_values

    def _list_refusal(self, value: object) -> str | None:
        if not isinstance(value, list):
            return "a list is wanted"
        if len(value) > _MAX_LIST:
            return f"at most {_MAX_LIST} values are taken"
        check = _string_refusal if self.type is AttributeType.STRINGS else self._enum_refusal
        return next((why for item in value if (why := check(item)) is not None), None)

    # Made once, as is all that refusals say of the scheme: a file may be refused in many places.
    @cached_property
    def _one_of_the_values(self) -> str:
        named = ", ".join(sorted(self.values)[:_NAMED])
        others = len(self.values) - _NAMED
        rest = f" and {others} other{'s' if others > 1 else ''}" if others > 0 else ""
        return f"one of {named}{rest} is wanted"

    @cached_property
    def described(self) -> Mapping[str, Any]:
        """What fits, for a refusal's ``allowed``."""
        described: dict[str, Any] = {"type": self.type.value, "required": self.required}
        if self.values:
            described["values"] = sorted(self.values)
        return described


def _string_refusal(value: object) -> str | None:
    if not isinstance(value, str):
        return "a string is wanted"
    if len(value) > _MAX_VALUE_CHARS:
        return f"at most {_MAX_VALUE_CHARS} characters are taken"
    if control_character(value) is not None:
        return "a control character is refused"
    return None


def _number_refusal(value: object) -> str | None:
    if type(value) is not int:
        return None if type(value) is float else "a number is wanted"
    held = abs(value) <= _SAFE_INTEGER or _double(value) is not None
    return None if held else "a whole number that a double holds is wanted"


def as_stored(value: object) -> object:
    """An attribute's value as it is stored: a whole number of more than 53 bits as a double.

    So it is the same number to whoever reads it, also where all numbers are doubles.
    """
    if type(value) is int and abs(value) > _SAFE_INTEGER:
        double = _double(value)
        return value if double is None else double
    return value


def _double(value: int) -> float | None:
    """The double that is this number, or is written as it; None if there is none."""
    try:
        double = float(value)
    except OverflowError:
        return None
    # JavaScript writes 2^60 as 1152921504606847000: by the fewest digits that only it is read from.
    return double if value in {double, Decimal(repr(double))} else None


@dataclass(frozen=True)
class RelationType:
    """One type of relation: which labels it joins, and whether direction matters."""

    name: str
    source: frozenset[str]
    target: frozenset[str]

    @cached_property
    def described(self) -> Mapping[str, Any]:
        """What fits, for a refusal's ``allowed``."""
        return {"source": sorted(self.source), "target": sorted(self.target)}


@dataclass(frozen=True)
class Scheme:
    """A scheme, ready to check annotations and relations by."""

    version: int
    labels: Mapping[str, Mapping[str, Attribute]]
    relations: Mapping[str, RelationType]

    @classmethod
    def of(cls, definition: Mapping[str, Any], version: int) -> "Scheme":
        """The scheme of a definition that ``SchemeIn`` has accepted."""
        return cls(
            version=version,
            labels={
                label["name"]: {
                    attribute["name"]: Attribute(
                        attribute["name"],
                        AttributeType(attribute["type"]),
                        frozenset(attribute.get("values") or ()),
                        attribute.get("required", False),
                    )
                    for attribute in label.get("attributes", ())
                }
                for label in definition["labels"]
            },
            relations={
                relation["name"]: RelationType(
                    relation["name"], frozenset(relation["source"]), frozenset(relation["target"])
                )
                for relation in definition.get("relations", ())
            },
        )

    def refusals(self, label: str, attributes: Mapping[str, object]) -> list[Unprocessable]:
        """What of a label and its attributes does not fit, each with what would."""
        known = self.labels.get(label)
        if known is None:
            return [
                UnknownLabel(
                    "/label", f"The scheme has no label “{label}”.", allowed=self._label_names
                )
            ]
        found: list[Unprocessable] = []
        for name, value in attributes.items():
            attribute = known.get(name)
            if attribute is None:
                found.append(
                    InvalidAttribute(
                        f"/attributes/{escaped(name)}",
                        f"The label “{label}” has no attribute “{name}”.",
                        allowed=self._attribute_names[label],
                    )
                )
            elif (why := attribute.refusal(value)) is not None:
                found.append(
                    InvalidAttribute(
                        f"/attributes/{escaped(name)}",
                        f"The value does not fit the attribute “{name}”: {why}.",
                        allowed=attribute.described,
                    )
                )
        found.extend(
            InvalidAttribute(
                f"/attributes/{escaped(attribute.name)}",
                f"The label “{label}” needs the attribute “{attribute.name}”.",
                allowed=attribute.described,
            )
            for attribute in self._required[label]
            if attribute.name not in attributes
        )
        return found

    def spans_of(self, label: str) -> frozenset[str]:
        """The names of a label's span-valued attributes."""
        return self._spans.get(label, frozenset())

    @cached_property
    def _label_names(self) -> Sequence[str]:
        return sorted(self.labels)

    @cached_property
    def _attribute_names(self) -> Mapping[str, Sequence[str]]:
        return {label: sorted(attributes) for label, attributes in self.labels.items()}

    @cached_property
    def _relations_described(self) -> Mapping[str, Any]:
        return {name: relation.described for name, relation in self.relations.items()}

    @cached_property
    def _spans(self) -> Mapping[str, frozenset[str]]:
        return {
            label: frozenset(
                name
                for name, attribute in attributes.items()
                if attribute.type is AttributeType.SPAN
            )
            for label, attributes in self.labels.items()
        }

    @cached_property
    def _required(self) -> Mapping[str, Sequence[Attribute]]:
        return {
            label: [attribute for attribute in attributes.values() if attribute.required]
            for label, attributes in self.labels.items()
        }

    def relation_refusal(
        self, type: str, source_label: str, target_label: str, *, of_one: bool = False
    ) -> Unprocessable | None:
        """Why no relation of this type may join annotations of these labels; None when one may.

        ``of_one`` says that both are one annotation.
        """
        relation = self.relations.get(type)
        if relation is None:
            return RelationNotAllowed(
                "/type",
                f"The scheme has no relation “{type}”.",
                allowed=self._relations_described,
            )
        if source_label not in relation.source or target_label not in relation.target:
            return RelationNotAllowed(
                "/type",
                f"“{type}” does not lead from a {source_label} to a {target_label}.",
                allowed=relation.described,
            )
        if of_one:
            return RelationNotAllowed(
                "/target", "A relation joins two annotations.", allowed=relation.described
            )
        return None
