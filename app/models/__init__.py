"""Every table: one graph, so they live together."""

from app.models.accounts import BrowserSession, Token, User
from app.models.annotations import Annotation, AnnotationVersion, Content, Relation
from app.models.audit import AuditEvent
from app.models.base import Base
from app.models.corpus import (
    Document,
    FormerMembership,
    Membership,
    Project,
    Revision,
    SchemeVersion,
)
from app.models.history import Change, ChangeHead, Decision
from app.models.releases import (
    Release,
    ReleasedAnnotation,
    ReleasedDocument,
    ReleasedRelation,
)
from app.models.search import POSITION, WORDS, DocumentWords, having

__all__ = [
    "POSITION",
    "WORDS",
    "Annotation",
    "AnnotationVersion",
    "AuditEvent",
    "Base",
    "BrowserSession",
    "Change",
    "ChangeHead",
    "Content",
    "Decision",
    "Document",
    "DocumentWords",
    "FormerMembership",
    "Membership",
    "Project",
    "Relation",
    "Release",
    "ReleasedAnnotation",
    "ReleasedDocument",
    "ReleasedRelation",
    "Revision",
    "SchemeVersion",
    "Token",
    "User",
    "having",
]
