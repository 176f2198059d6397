"""Every write has exactly one entry in the project's log, in the same transaction."""

from typing import Any

from tests import make
from tests.conftest import Newsroom
from tests.log import Logged, entries_after, head


class Watched:
    """Looks at what each act adds to the log of ``demo``."""

    def __init__(self, newsroom: Newsroom, end: int) -> None:
        self._newsroom = newsroom
        self._end = end

    async def added(self) -> list[Logged]:
        """What was added since this was asked last: numbered on from there, without a gap."""
        entries = await entries_after(self._newsroom, self._end)
        numbers = [entry.sequence for entry in entries]
        assert numbers == list(range(self._end + 1, self._end + 1 + len(entries)))
        self._end += len(entries)
        assert await head(self._newsroom) == self._end
        return entries

    async def one(self) -> tuple[str, str, int, str]:
        """Kind, subject, version and actor of the one entry that was added."""
        [entry] = await self.added()
        return entry.kind, str(entry.subject_id), entry.version, entry.actor


async def watched(newsroom: Newsroom) -> Watched:
    return Watched(newsroom, await head(newsroom))


async def test_each_write_is_logged_once_with_its_subject_version_and_actor(
    newsroom: Newsroom,
) -> None:
    annotator, reviewer, manager = (newsroom[n] for n in ("annotator", "reviewer", "manager"))
    log = await watched(newsroom)

    document = await make.document(annotator)
    assert await log.one() == ("document.created", document["id"], 1, "annotator")
    path = f"/v1/documents/{document['id']}"
    await manager.patch(path, json={"title": "t"}, headers=make.seen(1))
    assert await log.one() == ("document.updated", document["id"], 2, "manager")

    one = await make.annotation(annotator, document["id"])
    assert await log.one() == ("annotation.created", one["id"], 1, "annotator")
    two = await make.annotation(newsroom["annotator-b"], document["id"])
    assert await log.one() == ("annotation.created", two["id"], 1, "annotator-b")
    await reviewer.patch(f"/v1/annotations/{one['id']}", json={"note": "n"}, headers=make.seen(1))
    assert await log.one() == ("annotation.updated", one["id"], 2, "reviewer")
    await manager.patch(
        f"/v1/annotations/{one['id']}", json={"label": "denial"}, headers=make.seen(2)
    )
    assert await log.one() == ("annotation.updated", one["id"], 3, "manager")
    await make.decision(newsroom["reviewer-b"], one["id"], version=3)
    assert await log.one() == ("annotation.decided", one["id"], 4, "reviewer-b")

    relation = await make.relation(annotator, document["id"], "denies", one["id"], two["id"])
    assert await log.one() == ("relation.created", relation["id"], 1, "annotator")
    await reviewer.delete(f"/v1/relations/{relation['id']}", headers=make.seen(1))
    assert await log.one() == ("relation.withdrawn", relation["id"], 2, "reviewer")
    await annotator.delete(f"/v1/annotations/{two['id']}", headers=make.seen(1))
    # Somebody else's: nothing was written.
    assert await log.added() == []
    await newsroom["annotator-b"].delete(f"/v1/annotations/{two['id']}", headers=make.seen(1))
    assert await log.one() == ("annotation.withdrawn", two["id"], 2, "annotator-b")

    await newsroom["admin"].delete(path, headers=make.seen(2))
    assert [(entry.kind, entry.version) for entry in await log.added()] == [
        ("annotation.withdrawn", 5),
        ("document.deleted", 3),
    ]


async def test_what_is_refused_repeated_or_changes_nothing_is_not_logged(
    newsroom: Newsroom,
) -> None:
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    document = await make.document(annotator, id=str(make.id_of(70)))
    path = f"/v1/documents/{document['id']}"
    one = await make.annotation(annotator, document["id"], id=str(make.id_of(71)))
    two = await make.annotation(annotator, document["id"])
    relation = {"type": "supports", "source": one["id"], "target": two["id"]}
    relation["id"] = str(make.id_of(72))
    await annotator.post(f"{path}/relations", json=relation)
    await make.decision(reviewer, two["id"])
    log = await watched(newsroom)
    decisions = f"/v1/annotations/{two['id']}/decisions"
    body = {"id": one["id"], "label": "claim", "quote": one["quote"]}
    same = {"id": document["id"], "title": document["title"], "text": document["text"]}
    approve: dict[str, Any] = {"verdict": "approve"}

    answers = [
        await annotator.post("/v1/projects/demo/documents", json=same),
        await annotator.post("/v1/projects/demo/documents", json=same | {"title": "Other"}),
        await annotator.post("/v1/projects/demo/documents", json={"title": "t", "text": "\0"}),
        await annotator.patch(path, json={"title": document["title"]}, headers=make.seen(1)),
        await annotator.patch(path, json={"title": "x"}, headers=make.seen(9)),
        await annotator.patch(path, json={"text": "x"}, headers=make.seen(1)),
        await reviewer.delete(path, headers=make.seen(1)),
        await newsroom["manager"].delete(path, headers=make.seen(9)),
        await annotator.post(f"{path}/annotations", json=body),
        await annotator.post(f"{path}/annotations", json=body | {"label": "denial"}),
        await annotator.post(f"{path}/annotations", json=body | {"quote": "nowhere"}),
        await annotator.patch(f"/v1/annotations/{one['id']}", json={}, headers=make.seen(1)),
        await annotator.patch(
            f"/v1/annotations/{one['id']}", json={"label": "denial"}, headers=make.seen(1)
        ),
        await annotator.delete(f"/v1/annotations/{one['id']}", headers=make.seen(9)),
        await annotator.post(f"{path}/relations", json=relation),
        await annotator.post(f"{path}/relations", json=relation | {"type": "repeats"}),
        await annotator.delete(f"/v1/relations/{relation['id']}", headers=make.seen(9)),
        await reviewer.post(decisions, json=approve, headers=make.seen(1)),
        await newsroom["reviewer-b"].post(decisions, json=approve, headers=make.seen(1)),
        await reviewer.post(decisions, json={"verdict": "reject"}, headers=make.seen(2)),
        await annotator.post(decisions, json=approve, headers=make.seen(2)),
    ]

    assert [answer.status_code for answer in answers] == [
        *(200, 409, 422, 200, 412, 422, 403, 412),
        *(200, 409, 422, 200, 422, 412),
        *(200, 409, 412),
        *(200, 412, 422, 403),
    ]
    assert await log.added() == []


async def test_a_documents_entry_keeps_what_it_was_without_its_text(newsroom: Newsroom) -> None:
    log = await watched(newsroom)
    document = await make.document(newsroom["annotator"], metadata={"я": [1, True, 1.0]})
    path = f"/v1/documents/{document['id']}"

    changed = await newsroom["annotator"].patch(path, json={"title": "t"}, headers=make.seen(1))

    created, updated = await log.added()
    kept = {"text", "counts", "etag", "project"}
    assert created.state == {k: v for k, v in document.items() if k not in kept}
    assert updated.state == {k: v for k, v in changed.json().items() if k not in kept}


async def test_the_entries_of_one_project_are_not_counted_in_another(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "other")
    log = await watched(newsroom)
    other_end = await head(newsroom, "other")

    await make.document(newsroom["admin"], project="other")

    assert await log.added() == []
    [entry] = await entries_after(newsroom, other_end, "other")
    assert entry.sequence == other_end + 1


async def test_a_history_row_and_an_entry_stand_for_each_version(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    end = await head(newsroom)
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    await make.decision(newsroom["reviewer"], annotation["id"])
    await newsroom["annotator"].patch(path, json={"note": "n"}, headers=make.seen(2))
    await newsroom["annotator"].delete(path, headers=make.seen(3))

    history = (await newsroom["reader"].get(f"{path}/history")).json()

    entries = await entries_after(newsroom, end)
    versions = [version["version"] for version in history["versions"]]
    assert versions == [entry.version for entry in entries] == [1, 2, 3, 4]
    assert [version["changed_by"] for version in history["versions"]] == [
        entry.actor for entry in entries
    ]
