"""What is annotated in the benchmark: documents of 5,000 characters with fifty claims in each."""

from typing import Any

DOCUMENTS = 20
"""How many documents the created spans are spread over."""


def _sentence(number: int) -> str:
    said = f"The ministry said in report {number:02} that the bridge would reopen before the winter"
    return f"{said:.<99} "


TEXT = "".join(_sentence(number) for number in range(50))


def span(number: int) -> dict[str, Any]:
    """The annotation of one sentence, as it is posted; ``number`` is taken modulo 50."""
    start = number % 50 * 100
    return {
        "label": "claim",
        "start": start,
        "end": start + 80,
        "quote": TEXT[start : start + 80],
        "attributes": {"speaker": "the ministry", "directness": "indirect"},
    }
