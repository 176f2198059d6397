"""What stands in queries, headers and bodies beside the text: read as documented, or refused.

What the bytes mean: a letter for the reader, and what it is given.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn
from uuid import UUID

from app.core.body import MAX_DEPTH, parse
from app.core.errors import InvalidJson, InvalidParameter, PreconditionRequired
from app.core.http.conditions import _named
from app.core.jsontext import dump_json, one_line
from app.core.paging import Paging
from app.exports.compression import ENCODINGS, accepted
from app.text.search_query import SearchQuery
from app.text.substring import as_regular_expression, contains, fold
from app.text.words import LONGEST, indexed, keys_within, run_within, words
from app.users.credentials import cookie_text, parse_cookie, parse_token, token_text


def queries(data: bytes) -> None:
    """It is read as documented or refused, never otherwise.

    Raises:
        AssertionError: when it is otherwise.
    """
    read = WAYS.get(data[:1])
    if read is not None:
        read(data[1:])


def _words(data: bytes) -> str:
    return data.decode("utf-8", "ignore")


def _header(data: bytes) -> str:
    return data.decode("latin-1")


def _strictly(body: bytes) -> Any:
    """The body's value by the standard library alone, with none of what RFC 7493 forbids.

    Raises:
        ValueError: when there is any of it.
    """

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("A key occurs twice.")
        return dict(pairs)

    def finite(digits: str) -> float:
        if math.isinf(float(digits)):
            raise ValueError("No double holds it.")
        return float(digits)

    def constant(name: str) -> NoReturn:
        raise ValueError(name)

    value = json.loads(
        body.decode("utf-8"),
        object_pairs_hook=members,
        parse_float=finite,
        parse_constant=constant,
    )
    # Encoding refuses surrogates, in keys and in strings.
    json.dumps(value, ensure_ascii=False).encode()
    if _depth(value) > MAX_DEPTH:
        raise ValueError("It is nested too deep.")
    return value


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _body(data: bytes) -> None:
    try:
        value = parse(data)
    except InvalidJson:
        try:
            _strictly(data)
        except (ValueError, RecursionError):
            return
        raise AssertionError("A good body was refused.") from None
    # In ``repr`` 1 is not 1.0, and 0.0 not -0.0.
    assert repr(_strictly(data)) == repr(value)
    line = one_line(dump_json(value))
    assert len(line.splitlines()) == 1
    assert repr(parse(line.encode())) == repr(value)


def _search(data: bytes) -> None:
    sought = SearchQuery.parse(_words(data))
    for term in (*sought.terms, *sought.excluded):
        assert term
        # The words of words are these words.
        assert all(words(word) == [word] for word in term if len(word) < LONGEST)
    # Each term, written as a phrase, asks for that term.
    again = SearchQuery.parse(" ".join('"' + " ".join(term) + '"' for term in sought.terms))
    assert again.terms == sought.terms


def _contains(data: bytes) -> None:
    before, part, after, *_ = [*_words(data).split("\0"), "", ""]
    if not part:
        return
    text = f"{before}{part}{after}"
    kept = indexed(text)
    assert all(f" {key} " in kept.keys for key in keys_within(part))
    cut = any(len(word) == LONGEST for word in kept.words.split(" "))
    assert run_within(part) in kept.words or cut
    # The patterns are for databases; where Python has the same ones, they find the part.
    assert re.search(as_regular_expression(part), text)
    assert contains(text, fold(part))


def _cursor(data: bytes) -> None:
    cursor = _header(data)
    for types in ((str,), (int, str), (int, int, str)):
        paging = Paging(cursor=cursor, of="a")
        try:
            key = paging.after(*types)
        except InvalidParameter:
            continue
        assert key is not None
        assert [type(part) for part in key] == [*types]
        rows = [key, None]
        page = Paging(1, of="a").page(rows, lambda row: row, key=lambda row: row)
        assert page.next == cursor
    try:
        id = Paging(cursor=cursor, of="a").after_id()
    except InvalidParameter:
        return
    assert isinstance(id, UUID)


def _if_match(data: bytes) -> None:
    header = _header(data)
    try:
        seen = _named(header)
    except (InvalidParameter, PreconditionRequired):
        return
    assert seen is not None
    assert 0 <= seen.version < 10**9
    beside = f"-{seen.beside}" if seen.beside else ""
    assert seen.version == 0 or header.strip() == f'"{seen.version}{beside}"'


def _accept_encoding(data: bytes) -> None:
    header = _header(data)
    chosen = accepted(header)
    assert chosen is None or chosen in ENCODINGS
    assert chosen is None or chosen in header.lower() or "*" in header


def _credentials(data: bytes) -> None:
    shown = _header(data)
    token, cookie = parse_token(shown), parse_cookie(shown)
    assert token is None or token_text(token.id, token.secret) == shown
    assert cookie is None or cookie_text(cookie) == shown


WAYS: dict[bytes, Callable[[bytes], None]] = {
    b"j": _body,
    b"q": _search,
    b"p": _contains,
    b"c": _cursor,
    b"m": _if_match,
    b"e": _accept_encoding,
    b"t": _credentials,
}
"""Each letter's reader."""
