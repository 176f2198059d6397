"""JSON as Stet reads it: one meaning or none (RFC 8259, with I-JSON's strictness, RFC 7493).

Python's own parser takes UTF-16, a BOM, raw surrogates, NaN, 1e400 and keys that occur twice. Each
of these has ended in a 500 or in a row that no later reader could read.
"""

import json
import math
import re
from itertools import accumulate
from typing import Any, NamedTuple, NoReturn

from pydantic_core import from_json

from app.core.errors import InvalidJson, TooLarge

MAX_DEPTH = 100
MAX_VALUES = 100_000
"""How many values the body of a request may have; records of a file have a limit of their own."""


def check_values(body: bytes) -> None:
    """Refuse to read more values than any request needs: each takes a hundred bytes of memory.

    Raises:
        TooLarge: when there are more than ``MAX_VALUES``.
    """
    # There may be as many commas and brackets in texts.
    if _between_values(body) > MAX_VALUES and values_in(body, MAX_VALUES) > MAX_VALUES:
        raise TooLarge(limit=MAX_VALUES, unit="values")


def values_in(body: bytes, most: int) -> int:
    """How many values there are; if they are more than ``most``, any number above it."""
    plain = _without_escapes(body)
    # Blanked out, strings take memory too. A key and its value have four marks and one comma.
    return most + 1 if plain.count(b'"') > 4 * (most + 1) else _between_values(_bare(plain))


def _between_values(bare: bytes) -> int:
    # Each value but the last has a comma behind it, or is a list or an object of others.
    return sum(map(bare.count, _BETWEEN_VALUES))


def parse(body: bytes) -> Any:
    """The value that the body holds.

    Raises:
        InvalidJson: when it is not strict UTF-8 or JSON, has a lone surrogate, a number that no
            double holds, a repeated key, or nesting deeper than ``MAX_DEPTH``.
    """
    plain = _at_a_glance(body)
    if plain is not None:
        return plain.value
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


class _Plain(NamedTuple):
    value: Any


def _at_a_glance(body: bytes) -> _Plain | None:
    """The value, if it is easily seen that nothing is wrong with it; None to look closely.

    A parser that is many times faster, but keeps the last of keys that occur twice and knows no
    limit of depth, does the work; that it has lost no key shows in their number. Once the strings
    are blanked out, each colon follows a key, and only real brackets are left.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError:
        return None
    bare = _bare(_without_escapes(body))
    brackets = bare.translate(None, _NO_BRACKET)
    deepest = max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)
    if deepest > MAX_DEPTH or _LONG_NUMBER.search(bare):
        return None
    keys = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is dict:
            keys += len(item)
            waiting.extend(item.values())
        elif type(item) is list:
            waiting.extend(item)
        elif type(item) is float and math.isinf(item):
            return None
    return _Plain(value) if keys == bare.count(b":") else None


def _without_escapes(body: bytes) -> bytes:
    """The body without what a backslash hides: each quotation mark that is left is a string's end.

    In JSON a backslash stands in a string, and what else it may hide is no quotation mark.
    """
    return body.replace(b"\\\\", b"").replace(b'\\"', b"")


def _bare(plain: bytes) -> bytes:
    """What stands between the strings of JSON in which there is no backslash."""
    return b"".join(plain.split(b'"')[::2])


_BETWEEN_VALUES = (b",", b"[", b"{")
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
# An integer of thousands of digits is one that Python does not convert: such are looked at closely.
_LONG_NUMBER = re.compile(rb"(?<![0-9.])[0-9.]{300}")


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
