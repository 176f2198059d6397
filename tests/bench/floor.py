"""FastAPI's own floor: the same bodies into the same models and the same JSON out, no database.

What Stet adds to this is what the ratios of ``tests.bench`` measure. There is no token, no log
line, no check of a span, no ETag: only the framework, the models and the server.
"""

from uuid import UUID

from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.annotations.schemas import AnnotationIn, AnnotationOut
from app.core.paging import Page
from app.core.timestamps import now
from app.core.vocabulary import OffsetUnit, Origin, Role, Status
from app.reviews.schemas import DecisionIn, DecisionOut
from app.users.schemas import MembershipOut, MeOut
from tests.bench import material

app = FastAPI()


def _stored(document: UUID, new: AnnotationIn) -> AnnotationOut:
    moment = now()
    return AnnotationOut(
        id=uuid7(),
        project="bench",
        document_id=document,
        revision=1,
        external_id=None,
        label=new.label,
        start=new.start or 0,
        end=new.end or 0,
        quote=new.quote or "",
        fragments=None,
        offset_unit=OffsetUnit.CODE_POINTS,
        attributes=new.attributes,
        note=None,
        origin=Origin.HUMAN,
        confidence=None,
        author="annotator",
        status=Status.PENDING,
        decided_by=None,
        decided_at=None,
        version=1,
        created_at=moment,
        updated_at=moment,
        warnings=[],
    )


_SPANS = [_stored(UUID(int=0), AnnotationIn(**material.span(number))) for number in range(50)]

_SOMEBODY = MeOut(
    id=uuid7(),
    name="annotator",
    display_name=None,
    is_admin=False,
    memberships=[MembershipOut(project="bench", role=Role.ANNOTATOR)],
)


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """Whether it serves."""
    return {}


@app.get("/v1/me")
async def me() -> MeOut:
    """Somebody, as if a token had been shown."""
    return _SOMEBODY


@app.post("/v1/documents/{id}/annotations", status_code=201)
async def create(id: UUID, new: AnnotationIn) -> AnnotationOut:
    """What was posted, as if it had been stored."""
    return _stored(id, new)


@app.get("/v1/documents/{id}/annotations")
async def of_document(id: UUID) -> Page[AnnotationOut]:
    """The fifty spans of ``material``, made beforehand."""
    return Page(items=_SPANS, next=None)


@app.post("/v1/annotations/{id}/decisions", status_code=201)
async def decide(id: UUID, new: DecisionIn) -> DecisionOut:
    """The verdict, as if it had been stored."""
    return DecisionOut(
        id=uuid7(),
        annotation=id,
        version=1,
        resulting_version=2,
        verdict=new.verdict,
        status=new.verdict.status,
        comment=new.comment,
        reviewer="reviewer",
        decided_at=now(),
    )
