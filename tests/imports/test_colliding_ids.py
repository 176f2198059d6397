"""Whoever makes ids can make them of one hash; nothing takes longer for it."""

import json
from uuid import UUID

import pytest

from tests import make
from tests.conftest import Newsroom

MANY = 300
# A UUID's hash is its number modulo this.
MODULUS = 2**61 - 1


def ids(first: int) -> list[str]:
    """Many ids of one hash."""
    return [str(UUID(int=(2**60 + first + place) * MODULUS + 7)) for place in range(MANY)]


class Compared:
    """How often two ids were held against each other."""

    def __init__(self) -> None:
        self.times = 0


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Compared:
    counted = Compared()
    equal = UUID.__eq__

    def counting(one: UUID, other: object) -> bool:
        counted.times += 1
        return equal(one, other)

    monkeypatch.setattr(UUID, "__eq__", counting)
    return counted


async def test_ids_of_one_hash_take_no_longer(newsroom: Newsroom, compared: Compared) -> None:
    annotations, relations = ids(0), ids(MANY)
    assert len({hash(UUID(id)) for id in annotations + relations}) == 1
    document = {
        "id": str(make.id_of(1)),
        "title": "An article",
        "text": make.TEXT,
        "annotations": [
            {"id": id, "label": "claim", "start": 0, "end": 7, "quote": "Ukraine"}
            for id in annotations
        ],
        "relations": [
            {"id": id, "type": "supports", "source": end, "target": annotations[0]}
            for id, end in zip(relations[1:], annotations[1:], strict=True)
        ],
    }
    documents = [{"id": id, "title": "A note", "text": "Kyiv"} for id in ids(2 * MANY)]
    content = "".join(json.dumps(line) + "\n" for line in (document, *documents)).encode()

    for kind in ("created", "unchanged"):
        query = {"format": "jsonl"}
        sent = newsroom["annotator"].post("/v1/projects/demo/import", params=query, content=content)
        report = await make.said(await sent, 200)
        assert report[kind] == {
            "documents": 1 + MANY,
            "annotations": MANY,
            "relations": MANY - 1,
        }
    for format in ("jsonl", "doccano", "brat", "uima-cas"):
        query = {"format": format}
        answer = await newsroom["reader"].get("/v1/projects/demo/export", params=query)
        assert answer.status_code == 200

    # Each with each would be 45,000 in every set of them.
    assert compared.times < 40 * MANY
