"""Problems of a span: its offsets, its fragments, its quote."""

from typing import Self

from app.core.errors.bodies import Unprocessable
from app.core.vocabulary import OffsetUnit


class OffsetNotInteger(Unprocessable):
    """An offset must be a JSON integer: not a string, a fraction, ``1.0`` or ``true``."""

    code = "offset-not-integer"
    title = "An offset must be an integer"


class OffsetOutOfRange(Unprocessable):
    """An offset lies below 0 or past the end of the text. Offsets are never clamped.

    ``length`` is the text's length in the unit of the request. If the offset looks right to you,
    compare the unit: ``offset_unit`` is ``code_points`` unless the query says otherwise.
    """

    code = "offset-out-of-range"
    title = "An offset lies outside the text"

    def __init__(self, pointer: str, offset: int, *, length: int, unit: OffsetUnit) -> None:
        super().__init__(
            pointer,
            f"The offset {str(offset)[:40]} lies outside the text, which has {length} "
            f"{unit.replace('_', ' ')}.",
            length=length,
            offset_unit=unit.value,
        )

    @classmethod
    def example(cls) -> Self:
        return cls("/end", 9000, length=5629, unit=OffsetUnit.CODE_POINTS)


class OffsetInsideCharacter(Unprocessable):
    """An offset falls inside a surrogate pair (UTF-16) or a multi-byte sequence (UTF-8).

    ``before`` and ``after`` are the nearest offsets that do not split a character.
    """

    code = "offset-inside-character"
    title = "An offset falls inside a character"

    def __init__(
        self, pointer: str, offset: int, *, before: int, after: int, unit: OffsetUnit
    ) -> None:
        super().__init__(
            pointer,
            f"The offset {offset} falls inside a character, which spans {before} to {after} "
            f"in {unit.value}.",
            before=before,
            after=after,
            offset_unit=unit.value,
        )

    @classmethod
    def example(cls) -> Self:
        return cls("/start", 13, before=12, after=14, unit=OffsetUnit.UTF16)


class SpanEmpty(Unprocessable):
    """A span's start equals its end. A span holds at least one character."""

    code = "span-empty"
    title = "The span is empty"


class SpanReversed(Unprocessable):
    """A span's start lies after its end."""

    code = "span-reversed"
    title = "The span is reversed"


class FragmentsInvalid(Unprocessable):
    """The fragments overlap, are out of order, are fewer than two or do not fill their envelope.

    A discontinuous annotation has two or more fragments in text order; its own start and end are
    those of the first and the last fragment.
    """

    code = "fragments-invalid"
    title = "The fragments do not form one annotation"


class QuoteMissing(Unprocessable):
    """A span came as offsets without the words between them.

    ``actual`` is the text that stands there. If those are the words you meant, send them as
    ``quote``: offsets that nobody checked are how annotations come to point at the wrong words.
    Where ``actual_truncated`` is true, ``actual`` is only the beginning, and
    ``GET /v1/documents/{id}/text`` has the rest.
    """

    code = "quote-missing"
    title = "The quote is missing"


class QuoteMismatch(Unprocessable):
    """The text between the offsets is not the quote, or that beside them not the prefix or suffix.

    ``pointer`` says which of them it is, and ``actual`` is the text that stands there, or its
    beginning if ``actual_truncated`` is true; ``matches_in_unit`` names the offset unit in which
    the same numbers would fit; ``differs_in`` says if only white space or Unicode normalization
    differ; ``occurrences`` is where the quote does stand. A prefix or suffix may be left out.
    """

    code = "quote-mismatch"
    title = "The text there is not the quote"


class QuoteNotFound(Unprocessable):
    """The quote, with the prefix and suffix given, does not occur in the text.

    ``occurrences`` is where the quote stands without that prefix and suffix, and ``differs_in``
    says if it would be found but for white space or Unicode normalization.
    """

    code = "quote-not-found"
    title = "The quote is not in the text"


class QuoteAmbiguous(Unprocessable):
    """The quote occurs more than once.

    ``candidates`` lists where. Send ``start`` and ``end`` of the one you mean, or a ``prefix`` or
    ``suffix`` that only it has.
    """

    code = "quote-ambiguous"
    title = "The quote occurs more than once"
