"""JSON as Stet stores and exports it: one text for one value."""

import json

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dump_json(value: object) -> str:
    """Compact, keys in the order they came, no escapes but the necessary."""
    return _ENCODER.encode(value)


def same_json(one: object, other: object) -> bool:
    """Whether two values are the same JSON; to Python alone, ``1``, ``1.0`` and ``true`` are equal.

    The order of keys is no matter.
    """
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def one_line(text: str) -> str:
    """JSON that is one line for everybody.

    JSON ends no line at these three characters, but what reads line by line may, as Python's
    ``splitlines`` does; so they are written as escapes.
    """
    for character, escape in _LINE_ENDS.items():
        if character in text:
            text = text.replace(character, escape)
    return text


def shown(text: str) -> str:
    """JSON that says the same and holds nothing that steers a terminal, but for line ends."""
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        for character in text
    )


_LINE_ENDS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
