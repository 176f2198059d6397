"""Withdrawing: out of every list and export, and for ever in the history."""

from sqlalchemy import insert, select

from app.core.database import Database
from app.models import Relation
from tests import make
from tests.conftest import Newsroom
from tests.log import entries_after, head


async def test_a_withdrawn_annotation_is_in_no_list_no_count_and_no_export(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])

    answer = await newsroom["annotator"].delete(
        f"/v1/annotations/{annotation['id']}", headers=make.seen(1)
    )

    assert (answer.status_code, answer.content) == (204, b"")
    reader = newsroom["reader"]
    for path in (
        f"/v1/documents/{document['id']}/annotations",
        "/v1/projects/demo/annotations",
        "/v1/projects/demo/annotations?status=pending",
    ):
        assert (await reader.get(path)).json()["items"] == []
    counts = (await reader.get(f"/v1/documents/{document['id']}")).json()["counts"]
    assert counts == {"pending": 0, "approved": 0, "rejected": 0, "changes_requested": 0}
    export = await reader.get("/v1/projects/demo/export", params={"format": "jsonl"})
    assert annotation["id"] not in export.text


async def test_what_is_asked_of_it_afterwards_is_gone_and_its_history_is_not(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    await newsroom["annotator"].delete(path, headers=make.seen(1))

    for version in (1, 2):
        seen = make.seen(version)
        for answer in (
            await newsroom["annotator"].get(path),
            await newsroom["annotator"].patch(path, json={"note": "n"}, headers=seen),
            await newsroom["annotator"].delete(path, headers=seen),
            await newsroom["reviewer"].post(
                f"{path}/decisions", json={"verdict": "approve"}, headers=seen
            ),
        ):
            make.refused(answer, 410, "gone")
    history = await make.said(await newsroom["reader"].get(f"{path}/history"), 200)
    assert [version["withdrawn"] for version in history["versions"]] == [False, True]
    assert (await newsroom["reader"].get(f"{path}/decisions")).json()["items"] == []


async def test_its_relations_go_with_it_each_with_its_entry_and_the_other_ends_stay(
    newsroom: Newsroom,
) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator)
    one, two, three = [await make.annotation(annotator, document["id"]) for _ in range(3)]
    out = await make.relation(annotator, document["id"], "supports", one["id"], two["id"])
    kept = await make.relation(annotator, document["id"], "supports", two["id"], three["id"])
    into = await make.relation(annotator, document["id"], "repeats", three["id"], one["id"])
    end = await head(newsroom)

    await newsroom["reviewer"].delete(f"/v1/annotations/{one['id']}", headers=make.seen(1))

    entries = await entries_after(newsroom, end)
    assert [(entry.kind, str(entry.subject_id), entry.version) for entry in entries] == [
        ("relation.withdrawn", out["id"], 2),
        ("relation.withdrawn", into["id"], 2),
        ("annotation.withdrawn", one["id"], 2),
    ]
    assert {entry.actor for entry in entries} == {"reviewer"}
    relations = await newsroom["reader"].get(f"/v1/documents/{document['id']}/relations")
    assert [relation["id"] for relation in relations.json()["items"]] == [kept["id"]]
    make.refused(await newsroom["reader"].get(f"/v1/relations/{out['id']}"), 410, "gone")
    annotations = await newsroom["reader"].get(f"/v1/documents/{document['id']}/annotations")
    assert [item["version"] for item in annotations.json()["items"]] == [1, 1]


async def test_it_may_have_more_relations_than_a_statement_of_postgresql_has_parameters(
    newsroom: Newsroom,
) -> None:
    annotator, many = newsroom["annotator"], 32_768
    document = await make.document(annotator)
    one, two = [await make.annotation(annotator, document["id"]) for _ in range(2)]
    relation = await make.relation(annotator, document["id"], "supports", one["id"], two["id"])
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.begin()
        stored = (await db.execute(select(*Relation.__table__.c))).one()._asdict()
        # Their sequence is that of the first: nothing here depends on their order.
        copies = [{**stored, "id": make.id_of(number)} for number in range(1, many)]
        await db.execute(insert(Relation), copies)
    end = await head(newsroom)

    answer = await annotator.delete(f"/v1/annotations/{two['id']}", headers=make.seen(1))

    assert answer.status_code == 204, answer.text
    *withdrawn, last = await entries_after(newsroom, end)
    assert {(entry.kind, entry.version) for entry in withdrawn} == {("relation.withdrawn", 2)}
    assert len({entry.subject_id for entry in withdrawn}) == many
    assert (last.kind, str(last.subject_id)) == ("annotation.withdrawn", two["id"])
    left = await newsroom["reader"].get(f"/v1/documents/{document['id']}/relations")
    assert left.json()["items"] == []
    make.refused(await newsroom["reader"].get(f"/v1/relations/{relation['id']}"), 410, "gone")


async def test_its_author_and_reviewers_may_withdraw_and_nobody_else(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    for name, status in {
        "nobody": 401,
        "stranger": 404,
        "reader": 403,
        "annotator-b": 403,
        "annotator": 204,
        "reviewer": 204,
        "manager": 204,
        "admin": 204,
    }.items():
        annotation = await make.annotation(newsroom["annotator"], document["id"])

        answer = await newsroom[name].delete(
            f"/v1/annotations/{annotation['id']}", headers=make.seen(1)
        )

        assert answer.status_code == status, name


async def test_an_approved_one_is_withdrawn_by_a_reviewer_only(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    verdicts = {"approve": 403, "reject": 204, "request_changes": 204}
    for verdict, status in verdicts.items():
        annotation = await make.annotation(newsroom["annotator"], document["id"])
        path = f"/v1/annotations/{annotation['id']}"
        await make.decision(newsroom["reviewer"], annotation["id"], verdict, comment="So.")

        by_author = await newsroom["annotator"].delete(path, headers=make.seen(2))

        assert by_author.status_code == status, verdict
        if status == 403:
            by_reviewer = await newsroom["reviewer"].delete(path, headers=make.seen(2))
            assert by_reviewer.status_code == 204


async def test_an_edit_makes_an_approved_one_its_authors_again(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    await make.decision(newsroom["reviewer"], annotation["id"])
    await newsroom["annotator"].patch(path, json={"note": "n"}, headers=make.seen(2))

    answer = await newsroom["annotator"].delete(path, headers=make.seen(3))

    assert answer.status_code == 204


async def test_the_version_that_was_seen_must_be_named_and_be_the_current_one(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    await make.decision(newsroom["reviewer"], annotation["id"])
    end = await head(newsroom)

    unnamed = await newsroom["annotator"].delete(path)
    # Stale is told before anything of the state: the author did not see the approval.
    stale = await newsroom["annotator"].delete(path, headers=make.seen(1))

    make.refused(unnamed, 428, "precondition-required")
    assert make.refused(stale, 412, "stale-version")["current"]["status"] == "approved"
    assert await entries_after(newsroom, end) == []
