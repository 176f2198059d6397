"""Requests that are malformed, each at a level of its own: made of lawful ones, and of chance."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from tests.desk import Request
from tests.fuzz.framing import spoil_framing
from tests.fuzz.imports import WAYS
from tests.fuzz.odd import METHODS, ODD_BODIES, ODD_HEADERS, ODD_VALUES, ODD_WORDS, PARAMETERS
from tests.fuzz.spoilt import Spoilt, of
from tests.fuzz.targets import corpus_of

Change = Callable[[random.Random, "Spoilt"], None]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from _places(part)


def spoil_json(chance: random.Random, spoilt: Spoilt) -> None:
    """Another value, key or member somewhere in the body."""
    for _ in range(chance.randint(1, 2)):
        found = list(_places(spoilt.body))
        # A copy, for one odd value may be put into another.
        odd = json.loads(json.dumps(chance.choice(ODD_VALUES)))
        if not found:
            spoilt.body = odd
            continue
        container, key = chance.choice(found)
        match chance.randrange(4):
            case 0:
                del container[key]
            case 1 if isinstance(container, dict):
                container[chance.choice(["", "id", "start", "x", "\x00", "label"])] = odd
            case _:
                container[key] = odd


def spoil_body(chance: random.Random, spoilt: Spoilt) -> None:
    """A body that may not even be JSON."""
    content = bytearray(spoilt.as_bytes())
    if spoilt.path.endswith("/import"):
        content = bytearray(_file(chance, spoilt))
    if not content or chance.random() < 0.3:
        spoilt.content = chance.choice(ODD_BODIES)
        return
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(4):
            case 0:
                del content[at : at + chance.randint(1, 8)]
            case 1:
                content[at:at] = chance.choice(ODD_BODIES)[:100]
            case 2:
                content[at : at + 1] = chance.randbytes(1)
            case _:
                del content[at:]
    spoilt.content = bytes(content)


def _file(chance: random.Random, spoilt: Spoilt) -> bytes:
    """A file that the fuzzer found, for the import that the request is."""
    found = sorted(corpus_of("imports").iterdir())
    data = chance.choice(found).read_bytes()
    format, _ = WAYS.get(data[:1], WAYS[b"j"])
    spoilt.query = f"format={format.value}&mode=skip-refused"
    return data[2:]


def spoil_address(chance: random.Random, spoilt: Spoilt) -> None:
    """Another path or query."""
    parts = spoilt.path.split("/")
    word = chance.choice(ODD_WORDS)
    match chance.randrange(6):
        case 0:
            parts[chance.randrange(len(parts))] = quote(word, safe="%/")
        case 1:
            parts.insert(chance.randrange(len(parts)), quote(word, safe="%"))
        case 2:
            spoilt.method = chance.choice(METHODS)
        case _:
            added = [
                f"{chance.choice(PARAMETERS)}={quote(chance.choice(ODD_WORDS), safe='%+;')}"
                for _ in range(chance.randint(1, 3))
            ]
            spoilt.query = "&".join([spoilt.query, *added] if spoilt.query else added)
    spoilt.path = "/".join(parts) or "/"


def spoil_headers(chance: random.Random, spoilt: Spoilt) -> None:
    """Other headers, doubled ones and none."""
    name = chance.choice(list(ODD_HEADERS))
    value = chance.choice(ODD_HEADERS[name])
    if chance.random() < 0.8:
        spoilt.headers = [header for header in spoilt.headers if header[0] != name]
    if chance.random() < 0.9:
        spoilt.headers.append((name, value))
    if chance.random() < 0.02:
        spoilt.headers += [(f"X-{number}", "y" * 100) for number in range(700)]


_LEVELS: Sequence[tuple[Change, int]] = (
    (spoil_json, 35),
    (spoil_address, 20),
    (spoil_headers, 15),
    (spoil_body, 15),
    (spoil_framing, 15),
)

_WITHOUT_BODY = tuple(level for level in _LEVELS if level[0] not in {spoil_json, spoil_body})


def malformed(lawful: Sequence[Request], token: str, chance: random.Random) -> Spoilt:
    """One of the requests, spoilt at one level or at two."""
    spoilt = of(chance.choice(lawful), token)
    # Nobody reads the body of a request that has none.
    levels = _LEVELS if spoilt.body is not None else _WITHOUT_BODY
    changes, weights = zip(*levels, strict=True)
    chosen = chance.choices(changes, weights, k=chance.choice([1, 1, 2]))
    # From the inside out: what has become bytes has no parts any more.
    for change in sorted(set(chosen), key=changes.index):
        change(chance, spoilt)
    return spoilt
