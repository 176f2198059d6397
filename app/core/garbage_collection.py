"""How often Python looks for cycles of objects that nobody uses any more."""

import gc

_NEW_OBJECTS = 50_000


def collect_seldom() -> None:
    """Look through what importing left behind no more, and through the rest less often.

    Looking again and again at what stays made the slowest requests twice as slow, and took a
    quarter of an import, whose batches hold a hundred thousand objects at a time. Nearly everything
    is freed by counting references, without being looked for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 50)
