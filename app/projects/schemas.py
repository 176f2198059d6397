"""Projects, members and schemes, as they come in and go out."""

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.core.fields import In, Out, Patch, Prose, Slug, Timestamp, Title
from app.core.vocabulary import AttributeType, Role

# Unicode's white space but control characters, spelled out: to a reader of the OpenAPI document
# ``\s`` has one more (ECMA-262).
_BLANK = r"\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Unicode's word characters (UTS #18, Annex C).
_WORD = r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}"
# For a document that engines of any kind read, of which many know no ``\p``: what of ASCII is no
# word character, but for space, dot and hyphen (JSON Schema Core, section 6.4).
_NO_WORD = r"\x00-\x1f\x21-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f"

Term = Annotated[
    str,
    StringConstraints(
        pattern=rf"^[^{_BLANK}\x00-\x1f\x7f-\x9f]"
        rf"([^\x00-\x1f\x7f-\x9f]{{0,98}}[^{_BLANK}\x00-\x1f\x7f-\x9f])?$"
    ),
]
"""A name in a scheme: up to 100 characters, no white space at its ends."""


def _inconsistent(at: str, why: str) -> PydanticCustomError:
    """What the object contradicts itself in; ``at`` is a JSON pointer within it."""
    return PydanticCustomError("invalid-scheme", "{why}", {"why": why, "at": at})


def _unique(names: Iterable[str | None], what: str, at: str) -> None:
    """Refuse a name that is there already; ``at`` is its pointer, with a place for its index."""
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise _inconsistent(at.format(place), f"The {what} “{name}” is there already.")
        if name is not None:
            seen.add(name)


AttributeName = Annotated[
    str,
    StringConstraints(pattern=rf"^[{_WORD}][{_WORD} .-]{{0,98}}$"),
    Field(
        json_schema_extra={
            "pattern": rf"^[^\x20\x2d\x2e{_NO_WORD}][^{_NO_WORD}]{{0,98}}$",
            "description": "Letters, digits and underscores of any script, and inside also space, "
            "dot and hyphen; up to 99.",
        }
    ),
]
"""A name that can stand in a query, ``attribute.<name>=``: word characters, space, dot, hyphen."""


class AttributeIn(In):
    """A typed attribute of a label."""

    name: AttributeName
    type: Annotated[AttributeType, Field(strict=False)]
    values: Annotated[list[Term], Field(max_length=1000)] | None = Field(
        default=None, description="What an enum may be."
    )
    required: bool | None = None
    description: Prose | None = None

    @model_validator(mode="after")
    def _enum_has_values(self) -> "AttributeIn":
        enum = self.type in {AttributeType.ENUM, AttributeType.ENUMS}
        if enum and not self.values:
            raise _inconsistent("/values", f"The enum “{self.name}” lists no values.")
        if not enum and self.values is not None:
            raise _inconsistent(
                "/values", f"“{self.name}” is a {self.type.value}; only an enum lists values."
            )
        _unique(self.values or (), "value", "/values/{}")
        return self


class LabelIn(In):
    """A label and its attributes."""

    name: Term
    description: Prose | None = None
    color: Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")] | None = None
    hotkey: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]$")] | None = None
    attributes: Annotated[list[AttributeIn], Field(max_length=100)] = []

    @model_validator(mode="after")
    def _attributes_differ(self) -> "LabelIn":
        names = (attribute.name for attribute in self.attributes)
        _unique(names, "attribute", "/attributes/{}/name")
        return self


class RelationTypeIn(In):
    """A relation type and the labels that it may join."""

    name: Term
    description: Prose | None = None
    source: Annotated[list[Term], Field(min_length=1, max_length=200)]
    target: Annotated[list[Term], Field(min_length=1, max_length=200)]
    symmetric: bool | None = None


class SchemeIn(In):
    """A scheme. ``version`` is the server's: it may stand here only as GET answered it."""

    name: Term
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    labels: Annotated[list[LabelIn], Field(min_length=1, max_length=200)]
    relations: Annotated[list[RelationTypeIn], Field(max_length=200)] = []

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "SchemeIn":
        _unique((label.name for label in self.labels), "label", "/labels/{}/name")
        _unique((label.hotkey for label in self.labels), "hotkey", "/labels/{}/hotkey")
        _unique((relation.name for relation in self.relations), "relation", "/relations/{}/name")
        labels = {label.name for label in self.labels}
        for place, relation in enumerate(self.relations):
            for side, ends in (("source", relation.source), ("target", relation.target)):
                for end, label in enumerate(ends):
                    if label not in labels:
                        raise _inconsistent(
                            f"/relations/{place}/{side}/{end}",
                            f"The relation “{relation.name}” joins “{label}”, which is no label.",
                        )
        return self

    def definition(self) -> dict[str, Any]:
        """The scheme as it is stored, without what was left out."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"version"})


class SchemeOut(Out):
    """A scheme and its version."""

    version: int
    name: str
    labels: list[dict[str, Any]]
    relations: list[dict[str, Any]]

    @classmethod
    def of(cls, definition: dict[str, Any], version: int) -> "SchemeOut":
        """The scheme of a stored definition."""
        return cls(
            version=version,
            name=definition["name"],
            labels=definition["labels"],
            relations=definition["relations"],
        )


@lru_cache(maxsize=1)
def news_claims() -> SchemeIn:
    """The default scheme: claim, denial, evidence-missing, quote."""
    path = Path(__file__).with_name("news_claims.json")
    return SchemeIn.model_validate(json.loads(path.read_text(encoding="utf-8")))


class ProjectSettings(In):
    """What a project allows."""

    allow_self_review: bool = Field(
        default=False,
        description="Whether reviewers may decide on annotations of their own, and approve words "
        "that they edited.",
    )


class ProjectSettingsOut(Out):
    """What a project allows, in full."""

    allow_self_review: bool


class ProjectIn(In):
    """A new project."""

    slug: Slug
    name: Title
    description: Prose | None = None
    scheme: SchemeIn | None = Field(default=None, description="`news-claims` if left out.")
    settings: ProjectSettings = ProjectSettings()


class ProjectPatch(Patch):
    """What of a project can change; its slug never does."""

    name: Title = ""
    description: Prose | None = None
    settings: ProjectSettings = Field(
        default=ProjectSettings(), description="Those that are left out stay as they are."
    )


class ProjectOut(Out):
    """A project."""

    slug: str
    name: str
    description: str | None
    settings: ProjectSettingsOut
    scheme_version: int
    version: int
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, row: Any) -> "ProjectOut":
        """The project of a row of ``projects``."""
        return cls(
            slug=row.slug,
            name=row.name,
            description=row.description,
            settings=ProjectSettingsOut(allow_self_review=row.allow_self_review),
            scheme_version=row.scheme_version,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class MemberIn(In):
    """What a user is to be in the project."""

    role: Annotated[Role, Field(strict=False)]


class MemberOut(Out):
    """A member of a project."""

    name: str
    role: Role
    version: int
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, row: Any) -> "MemberOut":
        """The member of a row of ``memberships`` and the user's name."""
        return cls.model_validate(row, from_attributes=True)
