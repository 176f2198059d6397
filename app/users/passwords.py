"""Which passwords are too easily guessed, whatever their length. No I/O after the import.

NIST SP 800-63B, section 3.1.1.2: what is compared is a list of common ones and what belongs to the
account; no mixture of kinds of characters is asked for.
"""

import re
from pathlib import Path

from app.core.blanks import is_blank
from app.core.errors import InvalidValue

SHORTEST = 12
"""Characters of a password at least: of what of it must be guessed, too."""

_LIST = Path(__file__).with_name("common_passwords.txt")
_COMMON = frozenset(
    line
    for line in _LIST.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
# A few characters, over and over. What is longer counts for itself.
_REPEATED = re.compile(rf"(.{{1,{SHORTEST - 1}}}?)\1+", re.DOTALL)


def check(password: str, name: str) -> None:
    """Refuse a password that is guessed first of all, for the user of this name.

    Raises:
        InvalidValue: at ``/password``, with the reason.
    """
    reason = _weakness(password, name)
    if reason is not None:
        raise InvalidValue("/password", reason)


def _weakness(password: str, name: str) -> str | None:
    folded = password.casefold()
    if is_blank(password):
        return "A password is more than blanks."
    if _REPEATED.fullmatch(folded):
        return "It says the same few characters over and over."
    # One or two letters are in many words by chance.
    if len(name) > 2 and name in folded and len(folded.replace(name, "")) < SHORTEST:
        return f"Without the user's name in it, a password has at least {SHORTEST} characters."
    # As it is guessed: in any case, and with or without what stands between words or behind them.
    if "".join(filter(str.isalnum, folded)) in _COMMON:
        return "It is one of those that are guessed first; take another."
    return None
