"""A caller may name what they have seen by ``Stet-Snapshot``; what is not there is refused.

That a replica is asked by it is tried in ``tests/resilience/test_replica.py``.
"""

import pytest

from tests import make
from tests.conftest import Newsroom

PATHS = [
    "/v1/projects/demo/export?format=jsonl",
    "/v1/projects/demo/export?format=jsonl&dry_run=true",
    "/v1/projects/demo/progress",
]


@pytest.mark.parametrize("path", PATHS)
async def test_what_the_caller_has_seen_may_be_named(newsroom: Newsroom, path: str) -> None:
    await make.document(newsroom["annotator"])
    exported = await newsroom["reader"].get(PATHS[0])
    seen = exported.headers["Stet-Snapshot"]

    for named in ("0", seen):
        answer = await newsroom["reader"].get(path, headers={"Stet-Snapshot": named})
        plain = await newsroom["reader"].get(path)
        assert await make.said(answer, 200) == await make.said(plain, 200)
        assert answer.headers["Stet-Snapshot"] == seen


@pytest.mark.parametrize("path", PATHS)
async def test_what_cannot_have_been_seen_here_is_refused(newsroom: Newsroom, path: str) -> None:
    await make.document(newsroom["annotator"])
    seen = int((await newsroom["reader"].get(PATHS[0])).headers["Stet-Snapshot"])

    headers = {"Stet-Snapshot": str(seen + 1)}
    refused = await newsroom["reader"].get(path, headers=headers)

    [error] = make.refused(refused, 422, "invalid-parameter")["errors"]
    assert error["parameter"] == "Stet-Snapshot"
    assert error["detail"] == f"The project's log ends at {seen}: it has no change {seen + 1}."


@pytest.mark.parametrize("named", ["-1", "1.5", "0_1", "+1", "1, 1", "all", "", str(2**63)])
async def test_what_is_no_sequence_is_refused(newsroom: Newsroom, named: str) -> None:
    refused = await newsroom["reader"].get(PATHS[0], headers={"Stet-Snapshot": named})

    [error] = make.refused(refused, 422, "invalid-parameter")["errors"]
    assert error["parameter"] == "Stet-Snapshot"
