"""What is said of a quote that is refused: what stands there instead, and where it does stand.

Every refusal names the unit of its offsets, and has all of its members always, null or empty where
there is nothing to say, so that a client need not ask which of them there are.
"""

from app.core.errors import QuoteAmbiguous, QuoteMismatch, QuoteMissing, QuoteNotFound
from app.text.anchoring import Places, differences, find
from app.text.offsets import Ruler

# Code points of the text that a refusal repeats; a prefix or suffix has no more.
SHOWN = 1000

# Places that a refusal lists, and the code points that it shows on either side of each.
LISTED = 20
CONTEXT = 20

_NOT_SEEN = (
    "There is too much text to see whether only white space or Unicode normalization differs"
)


def missing(ruler: Ruler, pointer: str, actual: str) -> QuoteMissing:
    """The span at ``pointer`` has offsets and no quote; ``actual`` is the text between them."""
    return QuoteMissing(
        f"{pointer}/quote",
        "The span has offsets but no quote, so nothing says whether they are right. If they are, "
        f"send the quote as it stands {_place(ruler, actual)}.",
        **_shown(actual),
        offset_unit=ruler.unit.value,
    )


def mismatch(
    ruler: Ruler, pointer: str, *, sent: str, actual: str, quote: str, fits: str | None
) -> QuoteMismatch:
    """What was sent at ``pointer``, the quote or its prefix or suffix, is not the ``actual`` text.

    ``fits`` is the unit in which the span would be right.
    """
    places = find(ruler.text, quote) if quote else Places((), more=False)
    differs_in = differences(actual, sent)
    name = pointer.rpartition("/")[2]
    if fits:
        # A request's other spans may be right as they are: another unit would make them wrong.
        cure = (
            f"The same offsets fit in {fits}. All spans of a request count alike: if the others "
            f"fit in it too, ask with offset_unit={fits}, else count these in {ruler.unit.value}."
        )
    elif not quote:
        cure = (
            "The quote is empty, so nothing says whether the offsets are right. If they are, send "
            f"it as it stands {_place(ruler, actual)}."
        )
    elif differs_in:
        cure = (
            f"Only {_in_words(differs_in)} differs: send the {name} as it stands "
            f"{_place(ruler, actual)}."
        )
    elif name != "quote":
        cure = f"The quote is right: send the {name} as it stands in actual, or leave it out."
        if len(places.starts) > 1:
            cure += " If you mean another place, see occurrences."
    elif places.starts:
        cure = "The quote does stand in the text, elsewhere: see occurrences."
    elif differs_in is None:
        cure = (
            f"The quote stands nowhere in the text as it was sent. {_NOT_SEEN}: if so, send the "
            f"quote as it stands {_place(ruler, actual)}."
        )
    else:
        cure = "The quote stands nowhere in the text: see whether it is the same revision."
    return QuoteMismatch(
        pointer,
        f"The text there is not the {name}. {cure}",
        **_shown(actual),
        matches_in_unit=fits,
        differs_in=differs_in or [],
        occurrences=_listed(ruler, places, quote),
        **_counted(places),
        offset_unit=ruler.unit.value,
    )


def not_found(ruler: Ruler, pointer: str, quote: str, prefix: str, suffix: str) -> QuoteNotFound:
    """The quote does not stand in the text between that prefix and that suffix."""
    in_context = bool(prefix or suffix)
    places = find(ruler.text, quote) if in_context else Places((), more=False)
    differs_in = differences(ruler.text, f"{prefix}{quote}{suffix}", anywhere=True)
    if differs_in:
        cure = f"Only {_in_words(differs_in)} differs: send the words as they stand in the text."
    elif places.starts:
        cure = "It stands in the text with other words around it: see occurrences."
    elif differs_in is None:
        cure = f"{_NOT_SEEN}: send start and end as well, and it is held against what stands there."
    else:
        cure = "It is compared code point by code point: see whether it is the same revision."
    between = " between that prefix and that suffix" if in_context else ""
    return QuoteNotFound(
        f"{pointer}/quote",
        f"The quote does not stand in the text{between}. {cure}",
        differs_in=differs_in or [],
        occurrences=_listed(ruler, places, quote),
        **_counted(places),
        offset_unit=ruler.unit.value,
    )


def ambiguous(ruler: Ruler, pointer: str, quote: str, places: Places) -> QuoteAmbiguous:
    """The quote stands in all these places."""
    times = f"more than {len(places.starts)}" if places.more else f"{len(places.starts)}"
    return QuoteAmbiguous(
        f"{pointer}/quote",
        f"The quote stands in the text {times} times. Send the start and end of the one you mean, "
        "or a prefix or suffix that only it has.",
        candidates=_listed(ruler, places, quote),
        **_counted(places),
        offset_unit=ruler.unit.value,
    )


def _shown(actual: str) -> dict[str, object]:
    return {"actual": actual[:SHOWN], "actual_truncated": len(actual) > SHOWN}


def _place(ruler: Ruler, actual: str) -> str:
    """Where the caller can read all of what stands between the offsets."""
    if len(actual) <= SHOWN:
        return "in actual"
    return (
        "in the document's text (GET /v1/documents/{id}/text) from start to end, counted in "
        f"{ruler.unit.value}; actual is only its beginning"
    )


def _counted(places: Places) -> dict[str, object]:
    return {"count": len(places.starts), "more": places.more}


def _listed(ruler: Ruler, places: Places, quote: str) -> list[dict[str, object]]:
    """The first places with the text around them, in the caller's unit."""
    return [
        {
            "start": ruler.from_code_points(start),
            "end": ruler.from_code_points(start + len(quote)),
            "prefix": ruler.text[max(0, start - CONTEXT) : start],
            "suffix": ruler.text[start + len(quote) : start + len(quote) + CONTEXT],
        }
        for start in places.starts[:LISTED]
    ]


def _in_words(differs_in: list[str]) -> str:
    return " and ".join(differs_in).replace("whitespace", "white space").replace("_", " ")
