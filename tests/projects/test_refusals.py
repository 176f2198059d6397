"""What a scheme says of what does not fit it."""

from typing import Any

from app.projects.scheme import Scheme


def scheme(count: int) -> Scheme:
    values = [f"v{number:04}" for number in range(count)]
    kind: dict[str, Any] = {"name": "kind", "type": "enum", "values": values}
    return Scheme.of({"labels": [{"name": "mark", "attributes": [kind]}]}, 1)


def test_a_refusal_names_twenty_values_and_lists_all() -> None:
    [refusal] = scheme(1000).refusals("mark", {"kind": "nothing"})

    assert "v0019 and 980 others is wanted" in refusal.detail
    assert "v0020" not in refusal.detail
    [error] = refusal.errors
    assert len(error["allowed"]["values"]) == 1000  # type: ignore[index]


def test_a_refusal_names_all_of_a_few_values() -> None:
    [refusal] = scheme(2).refusals("mark", {"kind": "nothing"})

    assert "one of v0000, v0001 is wanted" in refusal.detail


def test_what_fits_is_the_same_object_in_every_refusal() -> None:
    chosen = scheme(1000)
    found = [chosen.refusals("mark", {"kind": number})[0] for number in range(2)]
    found += [chosen.refusals("mark", {"none": number})[0] for number in range(2)]
    found += [chosen.refusals("none", {})[0] for _ in range(2)]

    allowed = [refusal.errors[0]["allowed"] for refusal in found]

    assert [one is other for one, other in zip(allowed[::2], allowed[1::2], strict=True)] == [
        True
    ] * 3
