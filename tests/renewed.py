"""A PostgreSQL database that a test has used, with the rows that it had before.

To copy the template takes many times the CPU where several do so at once: it has some three hundred
files. What the planner has learnt of the tables remains.
"""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"

# The newest row of these catalogues and how many they have: any change of a table, an index, a
# constraint, a function or a trigger shows in one of them, and so does a setting of the database.
# What PostgreSQL itself brings has lower numbers (FirstNormalObjectId), and is most of them.
_SHAPE = """
SELECT count(*), max(xmin::text::bigint) FROM (
    SELECT xmin FROM pg_class WHERE oid >= 16384
    UNION ALL SELECT xmin FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT xmin FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT xmin FROM pg_index WHERE indexrelid >= 16384
    UNION ALL SELECT xmin FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT xmin FROM pg_trigger WHERE oid >= 16384
    UNION ALL
    SELECT s.xmin FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
    WHERE d.datname = current_database()
)
"""
_BYTES = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
_ROOM = 2**20


@dataclass(frozen=True)
class Kept:
    """What is in the template: its rows, table by table, and the shape of its tables."""

    shape: tuple[int, int]
    size: int
    rows: dict[str, bytes]
    """Of each table, as COPY writes them; nothing of one that has none."""
    sequences: dict[str, tuple[int, bool]]
    """The last number of each, and whether it was given."""

    @classmethod
    async def of(cls, url: str) -> "Kept":
        """Read the template."""
        connection = await asyncpg.connect(url)
        rows: dict[str, bytes] = {}
        for table in [row[0] for row in await connection.fetch(_TABLES)]:
            copied = io.BytesIO()
            done = await connection.copy_from_table(table, output=copied, format="binary")
            rows[table] = b"" if done == "COPY 0" else copied.getvalue()
        sequences: dict[str, tuple[int, bool]] = {}
        for name in [row[0] for row in await connection.fetch(_SEQUENCES)]:
            [row] = await connection.fetch(f'SELECT last_value, is_called FROM "{name}"')  # noqa: S608  # our own
            sequences[name] = row["last_value"], row["is_called"]
        size = await connection.fetchval(_BYTES)
        kept = cls(await _shape(connection), size, rows, sequences)
        await connection.close()
        return kept

    async def restore(self, connection: asyncpg.Connection) -> bool:
        """Bring back the rows, if that is all that is different and little is left behind."""
        if await _shape(connection) != self.shape:
            return False
        if await connection.fetchval(_BYTES) > self.size + _ROOM:
            return False
        emptied = "".join(f'DELETE FROM "{table}";' for table in self.rows)  # noqa: S608  # our own
        begun = "".join(
            f"SELECT setval('\"{name}\"', {last}, {given});"
            for name, (last, given) in self.sequences.items()
        )
        # Without its triggers no row asks after another.
        await connection.execute("SET session_replication_role = replica;" + emptied + begun)
        for table, rows in self.rows.items():
            if rows:
                await connection.copy_to_table(table, source=_given(rows), format="binary")
        return True


async def _given(rows: bytes) -> AsyncIterator[bytes]:
    """What asyncpg takes as it is; it has a file read by another thread."""
    yield rows


async def _shape(connection: asyncpg.Connection) -> tuple[int, int]:
    [row] = await connection.fetch(_SHAPE)
    return row["count"], row["max"]
