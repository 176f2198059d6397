"""What a reader sees nothing of, so that it says nothing."""

import regex

# White space and control characters, marks without a letter that carries them, and what has no
# shape of its own, as zero-width characters and joiners have none
# (https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point); and the empty cell of
# Braille, which is a symbol to Unicode. ``text/blank.js`` of the page says the same.
_UNSEEN = regex.compile(
    r"[\p{White_Space}\p{Cc}\p{M}\p{Default_Ignorable_Code_Point}\u2800]*+",
)


def is_blank(text: str) -> bool:
    """Whether a reader sees nothing of the text; of an empty one nobody does."""
    return _UNSEEN.fullmatch(text) is not None
