"""Problems of what a request says: of its fields, its parameters, the file that it brings."""

from collections.abc import Iterable, Sequence
from typing import Self

from app.core.characters import position_in
from app.core.errors.problem import Problem
from app.core.vocabulary import OffsetUnit


class Unprocessable(Problem):
    """The body is JSON, but something in it is refused.

    ``errors`` lists each refusal: a JSON pointer to the place, a code, the reason and, where there
    is one, the cure.
    """

    status = 422
    code = "unprocessable"
    title = "Something in the request is refused"

    def __init__(self, pointer: str, detail: str, **extra: object) -> None:
        """``pointer`` is a JSON pointer into the body (RFC 6901); ``extra`` is the cure."""
        self.errors: list[dict[str, object]] = [
            {"pointer": pointer, "code": self.code, "detail": detail, **extra}
        ]
        super().__init__(detail, errors=self.errors)

    def under(self, prefix: str) -> Self:
        """The same refusal with every pointer moved below ``prefix``."""
        for error in self.errors:
            if "pointer" in error:
                error["pointer"] = f"{prefix}{error['pointer']}"
        return self

    def in_query(self) -> Self:
        """The same refusal of parameters of the query, named as the fields of a body would be."""
        for error in self.errors:
            error["parameter"] = str(error.pop("pointer")).removeprefix("/")
        return self

    @classmethod
    def example(cls) -> Self:
        return cls("/label", cls.title + ".")


class InvalidBody(Unprocessable):
    """Several things are refused at once; ``errors`` lists each with a code of its own."""

    code = "invalid-body"
    title = "Several things in the request are refused"

    def __init__(self, refusals: Iterable[Unprocessable]) -> None:
        Problem.__init__(self, "Several things are refused; see errors.")
        self.errors = [error for refusal in refusals for error in refusal.errors]
        self.members = {"errors": self.errors}

    @classmethod
    def example(cls) -> Self:
        return cls([UnknownField.example(), MissingField.example()])


def as_one(refusals: Sequence[Unprocessable]) -> Unprocessable:
    """One problem for the refusals, of which there is one at least; a single one is itself."""
    return refusals[0] if len(refusals) == 1 else InvalidBody(refusals)


def refuse(refusals: Sequence[Unprocessable]) -> None:
    """Raise the refusals, if there are any, as one problem."""
    if refusals:
        raise as_one(refusals)


class UnknownField(Unprocessable):
    """A field that the resource does not have. It is refused, so that a typo is seen."""

    code = "unknown-field"
    title = "A field is unknown"


class MissingField(Unprocessable):
    """A field that the resource needs is absent."""

    code = "missing-field"
    title = "A field is missing"


class InvalidValue(Unprocessable):
    """A field has a value of the wrong type, form or size."""

    code = "invalid-value"
    title = "A value is not what the field takes"


class InvalidParameter(Unprocessable):
    """A parameter in the path, the query or a header is unknown, repeated or not of its form."""

    code = "invalid-parameter"
    title = "A parameter is refused"

    def __init__(self, parameter: str, detail: str, **extra: object) -> None:
        Problem.__init__(self, detail)
        self.errors = [{"parameter": parameter, "code": self.code, "detail": detail, **extra}]
        self.members = {"errors": self.errors}

    @classmethod
    def example(cls) -> Self:
        return cls("limit", "The limit is from 1 to 1000.")


class ControlCharacter(Unprocessable):
    """A text holds NUL or another control character than tab, newline and carriage return.

    ``position`` is where in the string at ``pointer``, in the request's offset unit, which
    ``offset_unit`` names. A pointer that ends in a name with such a character speaks of the name.
    """

    code = "control-character"
    title = "A control character is refused"

    def __init__(
        self, pointer: str, text: str, position: int, unit: OffsetUnit = OffsetUnit.CODE_POINTS
    ) -> None:
        """``position`` counts code points, whatever the unit in which it is told."""
        character = f"U+{ord(text[position]):04X}"
        super().__init__(
            pointer,
            f"The text holds the control character {character}; of these only tab, newline and "
            "carriage return are taken. Remove it, or decode the source as what it is, and send "
            "the text again.",
            position=position_in(text, position, unit),
            offset_unit=unit.value,
            character=character,
        )

    @classmethod
    def example(cls) -> Self:
        return cls("/text", "Ukraine has\0 expanded", 11)


class UnknownLabel(Unprocessable):
    """The project's scheme has no such label; ``allowed`` lists those it has."""

    code = "unknown-label"
    title = "The label is not in the scheme"


class InvalidAttribute(Unprocessable):
    """An attribute is unknown to the label, of the wrong type, or missing.

    ``allowed`` says what fits.
    """

    code = "invalid-attribute"
    title = "An attribute does not fit the scheme"


class RelationNotAllowed(Unprocessable):
    """The scheme does not let this relation join these labels; ``allowed`` says what it does.

    Where an annotation was to get another label, ``relation`` is the id of one that does not join
    it then. Of several, ``errors`` lists each, the first hundred.
    """

    code = "relation-not-allowed"
    title = "The scheme does not allow this relation"


class UnknownAnnotation(Unprocessable):
    """An annotation that the request names does not exist in this document or project."""

    code = "unknown-annotation"
    title = "The annotation named is not here"


class UnknownUser(Unprocessable):
    """A user that the request names does not exist."""

    code = "unknown-user"
    title = "There is no such user"


class InvalidScheme(Unprocessable):
    """The scheme contradicts itself: a label is there twice, an enum lists no values."""

    code = "invalid-scheme"
    title = "The scheme contradicts itself"


class CommentRequired(Unprocessable):
    """To reject or to request changes, say why: the comment goes back to the author.

    White space and characters that nobody sees say nothing.
    """

    code = "comment-required"
    title = "This verdict needs a comment"


class InvalidFile(Unprocessable):
    """The file is not what its format says: cut off, damaged, or made to do harm.

    An archive is refused for members outside itself and for growing out of all proportion when it
    is unpacked, XML for declaring entities. Nothing of what cannot be read was written.
    """

    code = "invalid-file"
    title = "The file cannot be read"

    def __init__(self, detail: str) -> None:
        Problem.__init__(self, detail)
        self.errors = [{"pointer": "", "code": self.code, "detail": detail}]
        self.members = {"errors": self.errors}

    @classmethod
    def example(cls) -> Self:
        return cls("The archive is cut off.")


class ImportRefused(Unprocessable):
    """Records of the file are refused, so nothing of it was written.

    ``errors`` lists each refusal with the line of the file, a JSON pointer into that line's record
    and the code that a POST of the same would have been answered with; ``count`` is how many there
    are, of which no more are listed than can be read.
    """

    code = "import-refused"
    title = "Records of the file are refused"

    def __init__(self, refused: Sequence[dict[str, object]], *, count: int) -> None:
        Problem.__init__(
            self, f"{count} of the file's records are refused; nothing was written.", count=count
        )
        self.errors = list(refused)
        self.members = {"errors": self.errors, "count": count}

    @classmethod
    def example(cls) -> Self:
        errors = UnknownLabel.example().under("/annotations/0").errors
        return cls([{"line": 1, **error} for error in errors], count=1)
