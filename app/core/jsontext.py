"""JSON as Stet stores and exports it: one text for one value."""

import json


def dump_json(value: object) -> str:
    """Compact, keys in the order they came, no escapes but the necessary."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
