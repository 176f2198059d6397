"""Odd things to put where others were expected."""

from typing import Any

ODD_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 0.5, 1.0, -0.0, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**30),
    *("", " ", "0", "true", "\x00", "\u0085", "\ufeff", "\u202e", "\U0010ffff", "é" * 3000),
    *("x" * 1001, "../..", "'; DROP TABLE users; --", "%00", "9999-12-31T23:59:59-23:59"),
    *([], {}, [[]], [None] * 2000, {"": ""}, {"\x00": 1}, [{}], {"start": 0, "end": 10**20}),
    *("00000000-0000-0000-0000-000000000000", "2026-02-30", "approve", "demo", "admin"),
]
ODD_BODIES = [
    *(b"", b" ", b"null", b"[]", b'""', b"{}", b"0", b"NaN", b"[1e400]", b"-", b"{", b'{"a":'),
    *(b'{"a":1,"a":2}', b'{"title":"\\ud800"}', b'{"\\udfff":1}', b'"\\u0000"', b"\xff\xfe{\x00}"),
    *(b"\xef\xbb\xbf{}", b'{"a":"\xc3"}', b'{"a":"\xed\xa0\x80"}', b"\x00" * 64, b"1" * 5000),
    *(b"[" * 200 + b"]" * 200, b"[" * 60_000, b'{"a":' * 500 + b"1" + b"}" * 500, b"'a'", b"//"),
]
ODD_WORDS = [
    *("", "-1", "0", "1001", "99999999999999999999", "1e3", "NaN", "true", "*", "%", "%zz", "%00"),
    *("%ff", "%ed%a0%80", "\x7f", "a" * 3000, "/", "//", "..", "%2e%2e", "%2f", "\\", "'", '"'),
    *("demo", "jsonl", "claim", "utf16", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59"),
    *("W10", "WyJhIl0", "eyJhIjoxfQ", "😀", "a;b", "[]", "-", "%F0%9F%98%80", "+", "a b"),
]
ODD_HEADERS: dict[str, list[str]] = {
    "Authorization": [
        *("", "Bearer", "Bearer ", "Basic YTpi", "Bearer stet_", "bearer x" * 500),
        *(f"Bearer stet_{'0' * 32}_{'a' * 43}", "Bearer é", "Bearer a b", "\x80"),
    ],
    "Content-Type": [
        *("", "text/plain", "application/json; charset=utf-16", "multipart/form-data"),
        *("application/x-www-form-urlencoded", "/", f"application/{'x' * 2000}", "json"),
    ],
    "Content-Encoding": ["gzip", "br", "identity", "x", "gzip, gzip"],
    "If-Match": ["", "*", '"0"', '"1", "2"', 'W/"1"', '"', "1", '"é"', '"99999999999"', '"1-x"'],
    "If-None-Match": ["*", "", '"1', "W/", ","],
    "Accept": ["", "*/*", "text/event-stream", "application/xml", "q=;,", "text/html;q=x"],
    "Accept-Encoding": ["", "zstd", "gzip;q=nan", "gzip;q=-1, *;q=inf", ";;;", "br"],
    "Last-Event-ID": ["", "x", "-1", "99999999999999999999", "é"],
    "Cookie": ["stet=x", "a=b; " * 200, "=", ";", "stet_session=\x80"],
    "X-Request-ID": ["", "a" * 1000, "é", "a b"],
    "Sec-Fetch-Site": ["cross-site", "x"],
    "Origin": ["null", "http://[", "http://a:99999999", "x"],
    "X-Forwarded-For": ["", "x", "1.2.3.4, é", "::1"],
    "Range": ["bytes=0-", "bytes=9-1", "x"],
    "Host": ["", "[", "a b", "x" * 300, "é"],
    "Expect": ["x"],
    "Upgrade": ["websocket", "h2c"],
}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]
PARAMETERS = [
    *("limit", "cursor", "offset_unit", "q", "status", "label", "start", "end", "after", "format"),
    *(
        "revision",
        "document",
        "updated_after",
        "quote_contains",
        "mode",
        "attribute.speaker",
        "attribute.",
    ),
    *("dry_run", "author", "origin", "x", ""),
]
