"""Posting spans."""

from tests import make
from tests.conftest import Newsroom


async def test_a_posted_span_is_answered_whole(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations",
        json={"label": "denial", "start": 76, "end": 82, "quote": "called"},
    )
    assert (await make.said(answer))["quote"] == "called"
