"""Every string that a JSON Schema has a place for, one at a time."""

from collections.abc import Iterator
from typing import Any

Place = tuple[str | int, ...]


def spoilt(
    schema: dict[str, Any], names: dict[str, Any], lawful: Any, string: str
) -> Iterator[tuple[Place, Any]]:
    """The lawful value with another string in each place, which is added where it has none.

    ``names`` are the schemas that ``$ref`` speaks of. An object of free names has one of an
    attribute, and a free value is a string.
    """
    schema = names[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for other in schema.get("anyOf", ()):
        yield from spoilt(other, names, lawful, string)
    kind = schema.get("type", "string" if "anyOf" not in schema else None)
    if kind == "string":
        yield (), string
    elif kind == "array":
        first = lawful[0] if lawful else None
        for place, item in spoilt(schema["items"], names, first, string):
            yield (0, *place), [item, *(lawful or ())[1:]]
    elif kind == "object":
        said = lawful if isinstance(lawful, dict) else {}
        fields = dict(schema.get("properties", {}))
        if schema.get("additionalProperties"):
            free = schema["additionalProperties"]
            fields["speaker"] = {} if free is True else free
            yield (string,), {**said, string: "it"}
        for name, field in fields.items():
            for place, item in spoilt(field, names, said.get(name), string):
                yield (name, *place), {**said, name: item}
