"""Moments as Stet writes them."""

import datetime as dt
import secrets


def now() -> dt.datetime:
    """The present moment in UTC, to the microsecond."""
    return dt.datetime.now(dt.UTC)


def now_after(*earlier: dt.datetime) -> dt.datetime:
    """The present moment, or one just after the latest of these if the clock here is behind it.

    A clock can be put back, and that of the machine that wrote a version be ahead of this one's:
    what follows on it has never happened before it. By how much it is after is left to chance, up
    to a millisecond: a database that lost something goes on from the same version once more, and
    what is known by its moment (``projects.queries.scheme``) must not be taken for what was lost.
    """
    present = now()
    if not earlier or present > (latest := max(earlier)):
        return present
    return latest + dt.timedelta(microseconds=1 + secrets.randbelow(1000))


def rfc3339(moment: dt.datetime) -> str:
    """The moment in UTC, always with six digits of fraction, so that text sorts as time does."""
    # Nearly every moment is in UTC already; a list of fifty spans has a hundred of them.
    utc = moment if moment.tzinfo is dt.UTC else moment.astimezone(dt.UTC)
    return utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
