"""Each damage that one statement can do is found.

They are done as another program does them, which minds no foreign keys: all to one database, which
is what it was before each.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import asyncpg
import pytest

from app.core.database.connect import connect
from app.main import create_app
from app.operations.doctor.agreements import AGREEMENTS
from tests.conftest import DIALECTS, Databases, Newsroom, in_thread, settings
from tests.operations.patient import ill, lived_in
from tests.renewed import Kept

SHORT = {
    ":claim": "(SELECT subject_id FROM changes WHERE kind = 'annotation.decided' AND version = 2)",
    ":pieces": "(SELECT annotation_id FROM decisions WHERE verdict = 'request_changes')",
    ":annotator": "(SELECT id FROM users WHERE name = 'annotator')",
    ":reviewer": "(SELECT id FROM users WHERE name = 'reviewer')",
}
"""What the damages are done to."""

DAMAGES = {
    # What the database itself can read, and nothing of Stet can.
    "DELETE FROM scheme_versions": ("schemes", "Schemes that are not as they were stored: 1"),
    "DELETE FROM scheme_versions WHERE version = 1": ("schemes", "Schemes that are not"),
    "UPDATE scheme_versions SET definition = '{}'": ("schemes", "Schemes that are not"),
    "UPDATE scheme_versions SET definition = '[]'": ("schemes", "Schemes that are not"),
    'UPDATE scheme_versions SET definition = \'{"name": "mine", "labels": [], "relations": []}\'': (
        "schemes",
        "Schemes that are not",
    ),
    "UPDATE documents SET metadata = '[1]'": ("json", "Rows of documents whose metadata are no"),
    "UPDATE annotations SET warnings = '{}'": ("json", "Rows of annotations whose warnings are no"),
    "UPDATE annotation_versions SET warnings = '{}'": (
        "json",
        "Rows of annotation_versions whose warnings are no array",
    ),
    "UPDATE annotations SET warnings = '[1]'": ("spans", "Annotations that are not where they say"),
    # Texts and words.
    "UPDATE revisions SET sha256 = replace(sha256, substr(sha256, 1, 1), 'x')": (
        "texts",
        "Texts that have not what is kept",
    ),
    "UPDATE revisions SET utf8 = utf8 + 1": ("texts", "Texts that have not what is kept of them"),
    "DELETE FROM document_words": ("documents", "Documents without the words"),
    "UPDATE document_words SET project_id = document_id": ("documents", "Documents without the"),
    "UPDATE document_words SET title = ' '": ("texts", "Texts that have not what is kept of them"),
    "UPDATE document_words SET text = ' '": ("texts", "Texts that have not what is kept of them"),
    "UPDATE documents SET title_folded = 'mine'": ("texts", "Texts that have not what is kept"),
    "UPDATE documents SET revision = 2": ("documents", "Documents without their text"),
    # Documents and their entries.
    "UPDATE documents SET title = 'Mine'": ("documents", "Documents that are not as the log says"),
    "UPDATE documents SET published_on = '2026-02-28'": ("documents", "Documents that are not as"),
    "UPDATE documents SET version = version + 3": ("changes", "Documents with a version that is"),
    "UPDATE documents SET deleted_at = NULL": ("changes", "Documents with a version that is not"),
    "UPDATE documents SET deleted_at = created_at": ("annotations", "Annotations of a document"),
    "UPDATE documents SET sequence = sequence + 1": ("changes", "Documents that the log does not"),
    "DELETE FROM changes WHERE kind = 'document.updated'": ("changes", "Documents with a version"),
    "DELETE FROM changes WHERE kind = 'document.deleted'": ("changes", "Documents with a version"),
    "UPDATE changes SET subject_id = actor_id WHERE kind = 'document.updated'": (
        "changes",
        "Documents of the log that are not there",
    ),
    # Annotations, by hand.
    "UPDATE annotations SET status = 'approved' WHERE status = 'pending'": (
        "annotations",
        "Annotations that began reviewed, or under another name, though no manager",
    ),
    "UPDATE annotations SET author_id = project_id WHERE author_id = :annotator": (
        "annotations",
        "Annotations that began reviewed",
    ),
    "UPDATE annotations SET decided_at = updated_at WHERE author_id = :annotator": (
        "annotations",
        "Annotations that are pending and say who decided",
    ),
    "UPDATE annotation_versions SET decided_by_id = editor_id WHERE status = 'pending'": (
        "annotations",
        "Annotations that are pending and say who decided",
    ),
    "UPDATE annotation_versions SET status = 'approved' WHERE annotation_id = :pieces"
    " AND version = 2": ("annotations", "Annotations that are not as their last edit left them"),
    "UPDATE annotations SET withdrawn_at = updated_at WHERE version = 7": (
        "annotations",
        "Annotations of whose withdrawal the log says nothing",
    ),
    "UPDATE annotations SET withdrawn_at = NULL": ("annotations", "Annotations that are withdrawn"),
    "UPDATE annotations SET document_id = id": ("annotations", "Annotations of a document that"),
    "UPDATE annotations SET project_id = id": ("annotations", "Annotations of a document that"),
    "UPDATE annotations SET label = 'mine'": ("spans", "Annotations that are not where they say"),
    "UPDATE annotations SET attributes = '{\"speaker\": 1}'": ("spans", "Annotations that are not"),
    "UPDATE annotations SET attributes = '{\"mine\": true}'": ("spans", "Annotations that are not"),
    "UPDATE annotations SET sequence = sequence + 1": ("changes", "Annotations that the log does"),
    "UPDATE annotations SET version = version + 1": ("history", "Annotations that lack a version"),
    "DELETE FROM annotations WHERE version = 7": ("changes", "Annotations of the log that are not"),
    # History.
    "DELETE FROM annotation_versions": ("history", "Annotations that lack a version"),
    "UPDATE annotation_versions SET version = version + 9": (
        "history",
        "Annotations with a version in their history that never was",
    ),
    "UPDATE annotation_versions SET withdrawn_at = updated_at": (
        "history",
        "Annotations with a version in their history that never was, or was withdrawn",
    ),
    "DELETE FROM changes WHERE kind = 'annotation.updated'": (
        "changes",
        "Annotations with a version that is not in the log exactly once",
    ),
    "UPDATE changes SET version = 3 WHERE kind = 'annotation.withdrawn'": (
        "changes",
        "Annotations with a version that is not in the log exactly once",
    ),
    # Decisions.
    "UPDATE decisions SET verdict = 'reject' WHERE verdict = 'approve'": (
        "decisions",
        "Annotations that are not as a decision left them",
    ),
    "UPDATE annotations SET decided_by_id = NULL WHERE id = :claim": (
        "decisions",
        "Annotations that are not as a decision left them",
    ),
    "UPDATE annotations SET decided_at = created_at WHERE id = :claim": (
        "decisions",
        "Annotations that are not as a decision left them",
    ),
    "UPDATE annotations SET status = 'pending' WHERE id = :claim": (
        "decisions",
        "Annotations that are not as a decision left them",
    ),
    "UPDATE annotations SET author_id = decided_by_id WHERE id = :claim": (
        "decisions",
        "Decisions on the reviewer's own work",
    ),
    "UPDATE annotation_versions SET editor_id = :reviewer WHERE annotation_id = :claim": (
        "decisions",
        "Decisions on the reviewer's own work",
    ),
    "UPDATE decisions SET comment = NULL": ("decisions", "Decisions that lack a comment"),
    "UPDATE decisions SET version = version + 9": ("decisions", "Decisions on a version that an"),
    "UPDATE decisions SET project_id = id": ("decisions", "Decisions on a version that an"),
    "UPDATE decisions SET sequence = 1": ("changes", "Decisions that the log does not have where"),
    "DELETE FROM decisions": ("changes", "Annotations with a decision of the log that is not"),
    # Relations.
    "UPDATE relations SET target_id = project_id": ("relations", "Relations that do not join two"),
    "UPDATE relations SET target_id = (SELECT id FROM annotations WHERE label = 'quote')": (
        "relations",
        "Relations that do not join two annotations of their document",
    ),
    "UPDATE relations SET document_id = project_id": ("relations", "Relations that do not join"),
    "UPDATE relations SET type = 'mine'": ("relations", "Relations that their scheme does not"),
    "UPDATE relations SET withdrawn_at = NULL": ("relations", "Relations that are withdrawn other"),
    "UPDATE relations SET withdrawn_at = created_at WHERE version = 1": (
        "relations",
        "Relations that are withdrawn otherwise",
    ),
    "UPDATE relations SET sequence = sequence + 1": ("changes", "Relations that the log does not"),
    "UPDATE relations SET version = 2 WHERE version = 1": (
        "changes",
        "Relations with a version that is not in the log exactly once",
    ),
    "DELETE FROM relations": ("changes", "Relations of the log that are not there as it says"),
    # The log by itself.
    "UPDATE changes SET state = NULL": ("changes", "Entries of the log, by sequence, with no"),
    "UPDATE changes SET state = '{}' WHERE state IS NULL": ("changes", "Entries of the log, by"),
    "UPDATE changes SET state = '[1]' WHERE kind = 'member.set'": ("changes", "Entries of the log"),
    "DELETE FROM changes WHERE kind = 'project.created'": ("changes", "Projects whose log does"),
    "DELETE FROM changes WHERE kind = 'project.updated'": ("projects", "Projects that are not as"),
    "DELETE FROM changes WHERE kind = 'scheme.updated'": ("projects", "Projects that are not as"),
    "DELETE FROM changes WHERE kind = 'member.set'": ("projects", "Projects that are not as"),
    "DELETE FROM changes WHERE kind = 'member.set' AND version > 1": ("projects", "Projects that"),
    "DELETE FROM changes WHERE kind = 'member.removed'": ("projects", "Projects that are not as"),
    "UPDATE changes SET subject_id = project_id WHERE kind = 'member.set'": (
        "changes",
        "Members of the log that are no users",
    ),
    "UPDATE change_heads SET sequence = 3": ("changes", "Projects whose log goes on beyond its"),
    "DELETE FROM change_heads": ("changes", "Projects whose log goes on beyond its head"),
    # Projects and members.
    "UPDATE projects SET version = version + 3": ("projects", "Projects that are not as their log"),
    "UPDATE projects SET name = 'mine'": ("projects", "Projects that are not as their log says"),
    "UPDATE projects SET allow_self_review = NOT allow_self_review": ("projects", "Projects that"),
    "UPDATE projects SET scheme_version = 1": ("schemes", "Schemes that are not as they were"),
    "DELETE FROM memberships": ("projects", "Projects that are not as their log says"),
    "UPDATE memberships SET role = 'manager'": ("projects", "Projects that are not as their log"),
    "UPDATE memberships SET version = version + 1": ("projects", "Projects that are not as their"),
    "UPDATE former_memberships SET version = 1": ("projects", "Projects that are not as their"),
    # Releases.
    "UPDATE releases SET counts = '{}'": ("releases", "Releases that are not what they were: 1"),
    "UPDATE releases SET sha256 = name": (
        "releases",
        "Releases that are not what they",
    ),
    "DELETE FROM released_documents": ("releases", "Releases that are not what they were: 1"),
    "UPDATE released_documents SET title = 'mine'": ("releases", "Releases that are not what they"),
    "UPDATE released_annotations SET version = 9": ("releases", "Releases that hold a version"),
    "UPDATE released_relations SET relation_id = release_id": (
        "releases",
        "Releases that hold a version that is not there",
    ),
    # People.
    "UPDATE users SET password_hash = 'correct' WHERE name = 'new'": ("users", "Users whose"),
    "UPDATE tokens SET secret_hash = :byte": ("tokens", "Tokens that are not kept as"),
    "UPDATE browser_sessions SET secret_hash = :byte": ("tokens", "Sessions that are not"),
    "UPDATE users SET version = 2 WHERE name = 'new'": ("audit", "Users with a version of which"),
    "DELETE FROM audit_events WHERE action = 'token.revoked'": ("audit", "Tokens that were"),
    "UPDATE tokens SET revoked_at = NULL": ("audit", "Tokens that were revoked, or not, other"),
    "UPDATE audit_events SET changes = '[]'": ("audit", "Acts, by id, of which"),
}
"""What is done, and what is found of it; more may be, for one damage may break several things."""


class Patient:
    """A database in which all has happened that can, and its way back to health."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.dialect = url.partition(":")[0]
        self._path = Path(url.removeprefix("sqlite:///"))
        if self.dialect == "sqlite":
            shutil.copyfile(self._path, self._path.with_suffix(".kept"))
        else:
            self._kept = in_thread(Kept.of(url))

    async def harm(self, damage: str) -> None:
        byte = {"sqlite": "x'00'", "postgresql": "'\\x00'"}[self.dialect]
        for short, long in {**SHORT, ":byte": byte}.items():
            damage = damage.replace(short, long)
        if self.dialect == "sqlite":
            with closing(sqlite3.connect(self._path)) as connection:
                connection.execute(damage)
                connection.commit()
            return
        server = await asyncpg.connect(self.url)
        await server.execute(f"SET session_replication_role = replica; {damage}")
        await server.close()

    async def said(self) -> list[tuple[str, str]]:
        database = connect(settings(self.url))
        found = await ill(database)
        await database.dispose()
        return found

    async def heal(self) -> None:
        if self.dialect == "sqlite":
            shutil.copyfile(self._path.with_suffix(".kept"), self._path)
            # Else SQLite would do again to the copy what was done to the file.
            _forget_log(self._path)
            return
        server = await asyncpg.connect(self.url)
        # What was deleted leaves its room to what comes back.
        await server.execute("VACUUM")
        assert await self._kept.restore(server)
        await server.close()


def _forget_log(path: Path) -> None:
    for rest in ("-wal", "-shm"):
        Path(f"{path}{rest}").unlink(missing_ok=True)


async def _live_in(url: str) -> None:
    async with AsyncExitStack() as stack:
        app = create_app(settings(url))
        stack.push_async_callback(app.state.database.dispose)
        await lived_in(Newsroom(app, stack))


@pytest.fixture(scope="module", params=DIALECTS)
def patient(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Patient]:
    url = databases.furnished(request.param)
    in_thread(_live_in(url))
    yield Patient(url)
    databases.drop(url)


async def test_a_database_in_which_all_has_happened_is_well(patient: Patient) -> None:
    assert await patient.said() == []


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damage_is_found(patient: Patient, damage: str) -> None:
    await patient.harm(damage)
    try:
        said = await patient.said()
    finally:
        await patient.heal()

    what, detail = DAMAGES[damage]
    assert [found for found in said if found[0] == what and found[1].startswith(detail)], said


def test_each_agreement_is_broken_by_some_damage() -> None:
    found = {detail for _, detail in DAMAGES.values()}

    # That a log has no gaps holds of SQLite alone, and is asked of it elsewhere.
    told = [one for one in AGREEMENTS if one.dialect is None]
    assert [one.ill for one in told if not any(one.ill.startswith(d) for d in found)] == []
