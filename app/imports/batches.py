"""A file's records, some at a time."""

from collections.abc import AsyncGenerator, AsyncIterator

from app.formats.record import Item

# Some are written, the next are placed and those after them checked, all at a time: with twice as
# many spans in each, an import into SQLite took 71 MiB instead of 62.
_SPANS_A_BATCH = 1_000
_CHARACTERS_A_BATCH = 1_000_000
# What else a record has (metadata, attributes, notes, comments) may take twenty times its size in
# the file. Characters of four bytes each are bounded above.
_SIZE_A_BATCH = 4_000_000


async def batches(items: AsyncIterator[Item]) -> AsyncGenerator[list[Item]]:
    """Some records at a time: as many as are worth a round of statements, and memory allows."""
    batch: list[Item] = []
    spans = characters = size = 0
    async for item in items:
        batch.append(item)
        size += item.size
        if isinstance(item.value, dict):
            text, annotations = item.value.get("text"), item.value.get("annotations")
            marked = annotations if isinstance(annotations, list) else ()
            characters += _length(text) + sum(map(_quoted, marked))
            spans += 1 + len(marked)
        is_full = spans >= _SPANS_A_BATCH or characters >= _CHARACTERS_A_BATCH
        if is_full or size >= _SIZE_A_BATCH:
            yield batch
            batch, spans, characters, size = [], 0, 0, 0
    if batch:
        yield batch


def _length(text: object) -> int:
    return len(text) if isinstance(text, str) else 0


def _quoted(annotation: object) -> int:
    """How many characters the quotes of an annotation, or of a fragment, have."""
    if not isinstance(annotation, dict):
        return 0
    fragments = annotation.get("fragments")
    parts = fragments if isinstance(fragments, list) else ()
    return _length(annotation.get("quote")) + sum(map(_quoted, parts))
