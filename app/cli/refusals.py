"""What is refused, in lines for standard error."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from errno import EBADF, EDQUOT, EFBIG, EIO, ENOSPC

import typer
from pydantic import ValidationError

from app.core.characters import harmless
from app.core.database import FAILURES, Moved, misses_tables, reason
from app.core.errors import Problem, Unprocessable
from app.core.settings import InvalidSettings
from app.remote import pull
from app.remote.client import Unreachable
from app.remote.refusal import Refusal

_SHOWN = 20
# What no connection to a database ends with, but a file without a name, as standard output.
_OF_FILES = {EBADF, EDQUOT, EFBIG, EIO, ENOSPC}

REFUSALS: tuple[type[Exception], ...] = (
    InvalidSettings,
    ValidationError,
    Problem,
    Moved,
    Refusal,
    Unreachable,
    pull.ForeignDirectory,
    *FAILURES,
)


def tell(lines: Iterable[str]) -> None:
    """Write the lines to standard error, whatever is in the names that they quote.

    A file that is imported, its own name and another Stet's answer may hold anything.
    """
    for line in lines:
        typer.echo(f"stet: {harmless(line)}", err=True)


def words(error: Exception) -> Iterator[str]:
    """The lines of one of the ``REFUSALS``."""
    match error:
        case ValidationError():
            yield from (f"{item['loc'][0]}: {item['msg']}." for item in error.errors())
        case Unprocessable(errors=refused) | Refusal(errors=refused) if refused:
            yield from lines_of(refused)
            if len(refused) > 1:
                yield str(error)
        case InvalidSettings() | Problem() | Refusal() | Unreachable() | pull.ForeignDirectory():
            yield str(error)
        case Moved():
            yield "The project was changed meanwhile; nothing was written. Run it again."
        case OSError() if error.filename is not None:
            # Of two files, the second is the one that was to be written.
            yield f"{error.filename2 or error.filename}: {error.strerror}."
        case OSError(errno=code) if code in _OF_FILES:
            yield f"{error.strerror}."
        case _ if misses_tables(error):
            yield "The database's tables are not those of this release; run stet migrate."
        case _:
            yield f"The database that STET_DATABASE_URL names cannot be used: {reason(error)}."


def status(error: Exception) -> int:
    """The exit status of one of them: 1 for what was asked, 2 for how."""
    return 2 if isinstance(error, InvalidSettings | ValidationError) else 1


def lines_of(refused: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """The first of the refusals, a line each: where it stands in the file, and why."""
    for item in refused[:_SHOWN]:
        line = f"line {item['line']}" if "line" in item else ""
        places = (item.get("file"), line, item.get("pointer"), item.get("parameter"))
        where = " ".join(str(place) for place in places if place)
        yield f"{where}: {item['detail']}" if where else str(item["detail"])
