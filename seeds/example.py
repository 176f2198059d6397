"""The example: a project, its people, an annotated article and some review.

All of it goes through the commands that anyone's requests go through, in one transaction. What it
makes has the same ids everywhere, so that documentation and scripts can name them.
"""

import json
import secrets
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from app.annotations import commands as annotations
from app.annotations import queries as annotation_queries
from app.annotations.schemas import AnnotationIn
from app.annotations.seen import SeenAnnotation
from app.core.database import Database, Session
from app.core.errors import Unauthenticated
from app.core.permissions import Actor
from app.core.settings import settings
from app.core.vocabulary import OffsetUnit, Role
from app.documents import commands as documents
from app.documents import queries as document_queries
from app.documents.schemas import DocumentIn
from app.documents.seen import SeenDocument
from app.projects import commands as projects
from app.projects import members
from app.projects import queries as project_queries
from app.projects.schemas import ProjectIn
from app.relations import commands as relations
from app.relations.schemas import RelationIn
from app.reviews import commands as reviews
from app.reviews.schemas import DecisionIn
from app.users import commands as users
from app.users import queries as user_queries
from app.users.credentials import parse_token
from app.users.schemas import TokenIn, UserIn

FOLDER = Path(__file__).parent
PROJECT = "demo"
PEOPLE = {
    "manager": Role.MANAGER,
    "reviewer": Role.REVIEWER,
    "annotator-a": Role.ANNOTATOR,
    "annotator-b": Role.ANNOTATOR,
    "reader": Role.READER,
}
"""What each person is in the project; ``admin``, who makes it, is its manager too."""

SECRETS = Path("demo.env")
"""Where the password and the tokens are written: in the working directory, for its owner alone."""

_TOKENS = {
    "ADMIN_TOKEN": "admin",
    "MANAGER_TOKEN": "manager",
    "REVIEWER_TOKEN": "reviewer",
    "ANNOTATOR_TOKEN": "annotator-a",
    "READER_TOKEN": "reader",
}
_PASSWORD = "DEMO_PASSWORD"  # noqa: S105  # the name of a variable
_NAMESPACE = UUID("5e7d3c0e-2025-5409-8b1d-000000000000")
_UNIT = OffsetUnit.CODE_POINTS


def id_of(*names: str) -> UUID:
    """The id of something in the example, the same wherever it is planted."""
    return uuid5(_NAMESPACE, "/".join(names))


async def plant(database: Database) -> bool:
    """Plant the example, or answer False when it was planted before, whatever became of it.

    Raises:
        NameTaken: when the project or one of its people is there and is not the example's.
    """
    async with database.session(writes=True) as db:
        await db.begin()
        if await document_queries.by_id(db, id_of("document")) is not None:
            return False
        await _people(db)
        await _document(db)
        for file in ("annotations-a.json", "annotations-b.json"):
            await _work(db, _json(file))
        await _decisions(db)
        return True


def _json(file: str) -> Any:
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))


async def _people(db: Session) -> None:
    password = secrets.token_hex(10)
    actors: dict[str, Actor] = {}
    for name in ("admin", *PEOPLE):
        new = UserIn(name=name, password=password, is_admin=name == "admin")
        made = await users.create(db, None, new)
        actors[name] = Actor(id=made.id, name=name, is_admin=made.is_admin)
    found = {_PASSWORD: password}
    for variable, name in _TOKENS.items():
        found[variable] = (await users.create_token(db, actors[name], TokenIn(name="demo"))).token
    project = ProjectIn(
        slug=PROJECT,
        name="Demo",
        description="An article of 9 April 2025, annotated by two people; see seeds/README.md.",
    )
    await projects.create(db, actors["admin"], project)
    standing = await project_queries.standing_as(db, "admin", PROJECT)
    for name, role in PEOPLE.items():
        await members.put(db, standing, name, None, role)
    # Before the commit: a token that nobody can read any more would be of no use.
    _write_secrets(found)


def _write_secrets(found: dict[str, str]) -> None:
    SECRETS.unlink(missing_ok=True)
    SECRETS.touch(mode=0o600)
    lines = ["# The example's people, as stet seed made them.", *map("=".join, found.items())]
    SECRETS.write_text("\n".join(lines) + "\n", encoding="utf-8")


async def _document(db: Session) -> None:
    described = _json("document.json")
    fields = ("external_id", "title", "published_on", "language", "metadata")
    text = (FOLDER / described["text_file"]).read_bytes().decode()
    new = DocumentIn(id=id_of("document"), text=text, **{name: described[name] for name in fields})
    standing = await project_queries.standing_as(db, "manager", PROJECT)
    await documents.create(db, standing, new, max_chars=settings().max_text_chars)


async def _work(db: Session, work: dict[str, Any]) -> None:
    """One annotator's annotations and relations."""
    author = work["author"]
    standing = await project_queries.standing_as(db, author, PROJECT)
    row = await document_queries.by_id(db, id_of("document"))
    assert row is not None  # noqa: S101  # it was written just now
    document = SeenDocument(standing, row)
    for given in work["annotations"]:
        own = {"id": id_of(author, given["id"]), "external_id": f"{author}/{given['id']}"}
        await annotations.create(db, document, AnnotationIn(**{**given, **own}), _UNIT)
    for given in work["relations"]:
        ends = (given["source"], given["target"])
        new = RelationIn(
            id=id_of(author, given["type"], *ends),
            type=given["type"],
            source=id_of(author, ends[0]),
            target=id_of(author, ends[1]),
        )
        await relations.create(db, document, new)


async def _decisions(db: Session) -> None:
    standing = await project_queries.standing_as(db, "reviewer", PROJECT)
    for given in _json("decisions.json"):
        row = await annotation_queries.by_id(db, id_of(given["author"], given["annotation"]))
        assert row is not None  # noqa: S101  # it was written just now
        new = DecisionIn(verdict=given["verdict"], comment=given.get("comment"))
        await reviews.decide(db, SeenAnnotation(standing, row), 1, new, _UNIT)


async def how_to_sign_in(database: Database) -> str:
    """What to sign in by: what was written when the example was planted, if that is here."""
    found = _read_secrets()
    if not await _are_valid(database, found):
        return (
            f"Its tokens were written to {SECRETS} when it was planted. That is not here, or "
            "not of this database.\nTo make a new token: stet token create manager --name laptop"
        )
    people = ", ".join(("admin", *PEOPLE))
    return "\n".join(
        (
            f"\n  log in as   {people}",
            f"  password    {found[_PASSWORD]}\n",
            *(f"  {name:<11} {found[variable]}" for variable, name in _TOKENS.items()),
            f"\nThe tokens are in {SECRETS} too, for a shell: . ./{SECRETS}\n",
        )
    )


async def _are_valid(database: Database, found: dict[str, str]) -> bool:
    async with database.session(writes=False) as db:
        for variable in _TOKENS:
            credential = parse_token(found.get(variable, ""))
            try:
                if credential is None:
                    return False
                await user_queries.actor(db, credential)
            except Unauthenticated:
                return False
    return True


def _read_secrets() -> dict[str, str]:
    if not SECRETS.exists():
        return {}
    lines = SECRETS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
