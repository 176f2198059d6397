"""JSON as Stet reads it: one meaning or none (RFC 8259, with I-JSON's strictness, RFC 7493).

Python's own parser takes UTF-16, a BOM, raw surrogates, NaN, 1e400 and keys that occur twice. Each
of these has ended in a 500 or in a row that no later reader could read.
"""

import json
import math
from typing import Any, NoReturn

from app.core.errors import InvalidJson

MAX_DEPTH = 100


def parse(body: bytes) -> Any:
    """The value that the body holds.

    Raises:
        InvalidJson: when it is not strict UTF-8 or JSON, has a lone surrogate, a number that no
            double holds, a repeated key, or nesting deeper than ``MAX_DEPTH``.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"The body is not UTF-8: byte {error.start} fits no character.") from None
    if text.startswith("\ufeff"):
        raise InvalidJson("The body begins with a byte order mark; JSON has none.")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidJson(f"{error.msg} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise InvalidJson(f"The body is nested deeper than {MAX_DEPTH}.") from None
    except ValueError:
        # Python converts integers of at most 4,300 digits.
        raise InvalidJson("A number has too many digits.") from None
    # Without an escape, strict UTF-8 has let no surrogate through.
    _check(value, 1, surrogates="\\u" in text)
    return value


def _check(value: object, depth: int, *, surrogates: bool) -> None:
    if isinstance(value, str):
        if surrogates:
            _check_string(value)
    elif isinstance(value, dict):
        if depth > MAX_DEPTH:
            raise InvalidJson(f"The body is nested deeper than {MAX_DEPTH}.")
        for key, item in value.items():
            if surrogates:
                _check_string(key)
            _check(item, depth + 1, surrogates=surrogates)
    elif isinstance(value, list):
        if depth > MAX_DEPTH:
            raise InvalidJson(f"The body is nested deeper than {MAX_DEPTH}.")
        for item in value:
            _check(item, depth + 1, surrogates=surrogates)


def _check_string(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        surrogate = ord(value[error.start])
        raise InvalidJson(
            f"A string holds the lone surrogate \\u{surrogate:04x}, which is no character."
        ) from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidJson(f"The key {ascii(key)[:60]} occurs twice in one object.")
            seen.add(key)
    return members


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise InvalidJson(f"The number {digits[:40]} is larger than a double holds.")
    return number


def _no_constant(name: str) -> NoReturn:
    raise InvalidJson(f"{name} is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_repeats, parse_float=_finite, parse_constant=_no_constant
)
