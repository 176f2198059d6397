"""How rare the words of a part of a quote are, and so where it is looked for. Reads only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, text

from app.core.cache import RecentCache
from app.core.database import Session
from app.models import DocumentWords, having
from app.models.search import INDEX_OF_KEYS
from app.text.words import keys_within


@dataclass(frozen=True, slots=True)
class Places:
    """What the index is asked for to find a part, and what it answered if it was asked already."""

    keys: Sequence[str]
    few: Sequence[int] | None = None
    """The ids of the words of few documents: no others have the keys."""


_FEW = 1000
_COMMON = 0.5
_ENOUGH = 4
_SAMPLED = 50
# What PostgreSQL found at its last ANALYZE, for the index's own expression.
_FREQUENCIES = text(
    f"""
    SELECT it.key, it.frequency
    FROM pg_stats,
        unnest(most_common_elems::text::text[], most_common_elem_freqs) AS it (key, frequency)
    WHERE tablename = '{INDEX_OF_KEYS}' AND schemaname = ANY (current_schemas(false))
        AND it.key IS NOT NULL"""  # noqa: S608  # our own
)
_frequencies: RecentCache[None, Mapping[str, float]] = RecentCache(16, seconds=60)
# SQLite has no statistics, but its index is in the order of arrival: where the first fifty
# documents of a key end, there is one of it in so many, and likewise from the other end. What is
# common in some years need not be so in others; it is rare if it is so at either end. Rows are
# counted by their ids, those of all projects and of deleted documents too.
_ENDS = text(
    """
    SELECT key, newest.id AS newest,
        (SELECT rowid FROM document_index WHERE document_index MATCH '"' || key || '"'
            LIMIT 1 OFFSET :before) AS first_end,
        (SELECT rowid FROM document_index WHERE document_index MATCH '"' || key || '"'
            ORDER BY rowid DESC LIMIT 1 OFFSET :before) AS last_end
    FROM (SELECT value AS key FROM json_each(:keys)), (SELECT max(id) AS id FROM document_words)
        AS newest"""
)


async def look_up(db: Session, part: str) -> Places:
    """Where to look for a part, as quickly as each database can say so.

    Both go through all that their index has of each key, however few documents have them all. So
    they are asked for the rarest; the words themselves are looked at afterwards in any case.
    PostgreSQL's planner knows how many documents that are; SQLite is asked for them here, and not
    once more.
    """
    keys = keys_within(part)
    if len(keys) > 1:
        known = _known_frequencies if db.dialect == "postgresql" else _sampled_frequencies
        keys = telling(keys, await known(db, keys))
    if not keys or db.dialect == "postgresql":
        return Places(keys)
    some = select(DocumentWords.id).where(having(keys, db.dialect)).limit(_FEW)
    few = (await db.execute(some)).scalars().all()
    return Places(keys, few if len(few) < _FEW else None)


async def _sampled_frequencies(db: Session, keys: Sequence[str]) -> Mapping[str, float]:
    sampled = {"keys": json.dumps(keys), "before": _SAMPLED - 1}
    rows = await db.execute(_ENDS, sampled)
    return {
        row.key: 0.0
        if row.first_end is None
        else _SAMPLED / max(row.first_end, row.newest + 1 - row.last_end)
        for row in rows
    }


async def _known_frequencies(db: Session, _keys: Sequence[str]) -> Mapping[str, float]:
    known = _frequencies.get(db.source, None)
    if known is None:
        asked = RecentCache.moment()
        known = {row.key: row.frequency for row in await db.execute(_FREQUENCIES)}
        _frequencies.put(db.source, None, known, asked=asked)
    return known


def telling(keys: list[str], frequencies: Mapping[str, float]) -> list[str]:
    """The rarest of the keys, or all where it is not known how rare they are.

    Frequencies are shares of all documents; what is not among them is rare.
    """
    if frequencies.keys().isdisjoint(keys):
        return keys
    by_rarity = sorted(keys, key=lambda key: frequencies.get(key, 0.0))
    rare = [key for key in by_rarity if frequencies.get(key, 0.0) < _COMMON]
    return (rare or by_rarity[:2])[:_ENOUGH]
