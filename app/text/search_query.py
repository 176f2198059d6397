"""What a query of the full-text search asks for. Pure.

The language is small, and everything is a query in it or has no word: words, which must all occur;
a phrase in quotation marks, whose words must stand side by side; and a word or a phrase behind a
minus, which must not occur. A minus counts where a word begins, after a blank. What is written
together is searched together: ``covid-19`` is the phrase "covid 19". Nothing else is an operator.
"""

import re
from dataclasses import dataclass

from app.text.words import words

MOST = 50
"""Words and phrases in a query: each one costs time in every document that is found."""

# Keyboards write the quotation marks of their language.
_MARK = r'"\u201c\u201d\u201e\u201f\u00ab\u00bb'
_TERM = re.compile(
    rf"(?P<minus>(?<!\S)-)?(?:[{_MARK}](?P<phrase>[^{_MARK}]*)|(?P<word>[^\s{_MARK}]+))"
)


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Terms that must occur and terms that must not: each one word or several side by side."""

    terms: tuple[tuple[str, ...], ...]
    excluded: tuple[tuple[str, ...], ...]

    @classmethod
    def parse(cls, q: str) -> "SearchQuery":
        """What the query asks for; a quotation mark that is not closed closes at the end."""
        terms: dict[tuple[str, ...], None] = {}
        excluded: dict[tuple[str, ...], None] = {}
        position = 0
        while (match := _TERM.search(q, position)) is not None:
            # Behind a phrase its closing mark is passed over.
            position = match.end() + (match["phrase"] is not None)
            term = tuple(words(match[match.lastgroup or 0]))
            if term:
                (excluded if match["minus"] else terms)[term] = None
        return cls(tuple(terms), tuple(excluded))
