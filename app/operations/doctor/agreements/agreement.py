"""What an agreement is: a query for what breaks it, and how to say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, CompoundSelect, Select, Text, case, cast, func, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.core.database import Session

EXAMPLES = 5
"""How many of those that are wrong are named."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Something that holds of everything stored: what it is about, and how to say so."""

    what: str
    well: str
    ill: str
    """What is said of those of which it does not hold, before their number."""
    exceptions: Select[Any] | CompoundSelect[Any]
    """Those, by one column that names them."""
    doubt: tuple[Select[*tuple[Any, ...]], Select[*tuple[Any, ...]]] | None = None
    """Two sums that are equal where there are no exceptions, if those take memory to look for."""
    dialect: str | None = None
    """The only database of which it holds."""

    async def broken(self, db: Session) -> tuple[int, Sequence[str]]:
        """How many exceptions there are, and the names of the first."""
        if self.doubt is not None:
            one, other = [(await db.execute(query)).one() for query in self.doubt]
            if tuple(one) == tuple(other):
                return 0, ()
        counted = select(func.count()).select_from(self.exceptions.subquery())
        count: int = (await db.execute(counted)).scalar_one()
        some = (await db.execute(self.exceptions.limit(EXAMPLES))).scalars() if count else ()
        return count, [str(name) for name in some]


class json_kind(FunctionElement[str]):  # noqa: N801  # named as SQL's functions are
    """``object``, ``array`` or what else a JSON value is; null where there is none."""

    type = Text()
    inherit_cache = True


@compiles(json_kind, "postgresql")
def _json_typeof(element: json_kind, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_typeof({compiler.process(element.clauses, **how)})"


@compiles(json_kind, "sqlite")
def _json_type(element: json_kind, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_type({compiler.process(element.clauses, **how)})"


def is_true(json: Any) -> Any:
    """Whether a place in JSON holds ``true``; what else it may hold is no matter."""
    # The one database says ``true``, the other 1.
    return cast(json.as_string(), Text).in_(["true", "1"])


class id_number(FunctionElement[int]):  # noqa: N801
    """A number below 2^29 that two ids seldom share, made of an id's last characters."""

    type = BigInteger()
    inherit_cache = True


_PLACES = range(1, 5)


@compiles(id_number, "postgresql")
def _number_of_uuid(element: id_number, compiler: SQLCompiler, **how: Any) -> str:
    id = compiler.process(element.clauses, **how)
    parts = (f"{128 ** (n - 1)}::bigint * ascii(substr({id}::text, {37 - n}))" for n in _PLACES)
    return f"({' + '.join(parts)})"


@compiles(id_number, "sqlite")
def _number_of_text(element: id_number, compiler: SQLCompiler, **how: Any) -> str:
    id = compiler.process(element.clauses, **how)
    parts = (f"{128 ** (n - 1)} * unicode(substr({id}, -{n}))" for n in _PLACES)
    return f"({' + '.join(parts)})"


def sums(id: Any, version: Any, *where: Any) -> Select[int, int]:
    """How many versions of subjects there are, and a sum that tells which they are.

    In one pass and without memory: SQLite would sort them all in it.
    """
    # The sum of millions of them is below 2^63.
    mark = func.coalesce(func.sum(id_number(id) * (1 + version % 61)), 0)
    return select(func.count().label("times"), mark.label("mark")).where(*where)


def together(one: Select[int, int], other: Select[int, int]) -> Select[Any]:
    """The sums of what is in either."""
    left, right = one.subquery("one"), other.subquery("other")
    both = select(left.c.times + right.c.times, left.c.mark + right.c.mark)
    return both.join_from(left, right, true())


def at_version(version: Any, row: Any, older: Any, name: str) -> Any:
    """What an annotation's column held at a version: its row's or its history's."""
    return case((row.c.version == version, row.c[name]), else_=older.c[name])
