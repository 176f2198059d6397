"""What a record is made of, by kinds that a format holds or does not."""

from enum import StrEnum


class Kind(StrEnum):
    """What a record is made of, as far as formats differ in holding it."""

    IDS = "ids"
    """The ids of documents, annotations and relations."""
    EXTERNAL_IDS = "external_ids"
    TEXT = "text"
    DOCUMENTS = "documents"
    """Documents without annotations."""
    TITLE = "title"
    LANGUAGE = "language"
    SOURCE_URL = "source_url"
    PUBLISHED_ON = "published_on"
    METADATA = "metadata"
    CREATED_BY = "created_by"
    """Who added a document."""
    FRAGMENTS = "fragments"
    """That a span has gaps: what is written is the whole from its first to its last word."""
    ATTRIBUTES = "attributes"
    """Attributes of one word, text, number or truth value."""
    LIST_ATTRIBUTES = "list_attributes"
    SPAN_ATTRIBUTES = "span_attributes"
    NOTES = "notes"
    ORIGIN = "origin"
    """Whether a human, a model or a file made it, and how sure a model was."""
    AUTHORS = "authors"
    """Who made an annotation or a relation, and who edited it."""
    STATUS = "status"
    """Where it stands in review, by whom and since when."""
    DECISIONS = "decisions"
    """What reviewers decided on each version, and why."""
    RELATIONS = "relations"
    HISTORY = "history"
    """Versions and times, and what the text's arrival changed."""
    OVERLAPS = "overlaps"
    """An annotation that overlaps another of its label."""
    BOUNDS = "bounds"
    """Spans of nothing but blank characters."""


def kind_of(value: object) -> Kind:
    """The kind of an attribute with this value."""
    match value:
        case dict():
            return Kind.SPAN_ATTRIBUTES
        case list():
            return Kind.LIST_ATTRIBUTES
        case _:
            return Kind.ATTRIBUTES
