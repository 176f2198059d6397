"""Which characters no text of Stet holds."""

import re

# Unicode's category Cc without tab, newline and carriage return.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def control_character(text: str) -> int | None:
    """Where the first control character other than tab, LF and CR stands; None if there is none."""
    found = _CONTROL.search(text)
    return None if found is None else found.start()
