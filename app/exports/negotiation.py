"""What a caller accepts, and how gladly (RFC 9110, section 12.4.2). Pure."""


def weights(header: str) -> dict[str, float]:
    """How much the caller likes each thing that such a header names, in lower case; 0 is refused.

    Of other parameters than the weight nothing is kept.
    """
    found: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = part.split(";")
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                weight = _number(value)
        found[name.strip().lower()] = weight
    return found


def prefers(header: str, media_type: str, other: str) -> bool:
    """Whether an ``Accept`` names the media type, and likes the other one no better."""
    liked = weights(header)
    kind, _, _ = other.partition("/")
    rest = liked.get(other, liked.get(f"{kind}/*", liked.get("*/*", 0.0)))
    weight = liked.get(media_type, 0.0)
    return weight > 0 and weight >= rest


def _number(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return 0.0
