"""What is known by what it says, where a file gives it no id. Pure."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from app.annotations.content import SAID, in_one_form

# The origin is taken from a manager's file alone: whoever sends it once more may be none by then.
_ANNOTATION = (*SAID, "author_id")
_RELATION = ("type", "source_id", "target_id", "author_id")


class Names:
    """Names for the annotations and relations of one record, the same each time for the same ones.

    What says the same by the same author has one name, and those behind the first of a record have
    others: a document may hold what says the same more than once.
    """

    def __init__(self) -> None:
        """Begins with no name given."""
        self._given: Counter[str] = Counter()

    def of(self, row: Mapping[str, Any]) -> str:
        """The name of the next annotation or relation with this row."""
        columns = _RELATION if "source_id" in row else _ANNOTATION
        said = {name: row[name] for name in columns}
        if "attributes" in said:
            said["attributes"] = in_one_form(said["attributes"])
        written = json.dumps(said, sort_keys=True, default=str)
        digest = hashlib.sha256(written.encode()).hexdigest()
        self._given[digest] += 1
        return f"{digest} {self._given[digest]}"
