"""JSON as Stet stores and exports it: one text for one value."""

import json

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dump_json(value: object) -> str:
    """Compact, keys in the order they came, no escapes but the necessary."""
    return _ENCODER.encode(value)
