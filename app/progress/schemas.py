"""How far a project has come, as it goes out."""

import datetime as dt

from pydantic import Field

from app.core.fields import Out
from app.documents.schemas import Counts


class DocumentTally(Out):
    """How many documents there are."""

    total: int
    without_annotations: int


class Verdicts(Out):
    """How many decisions there were of each verdict."""

    approve: int = 0
    reject: int = 0
    request_changes: int = 0


class PersonProgress(Out):
    """What one person did with annotations of the project."""

    name: str
    created: int = Field(description="Annotations that they wrote, without those withdrawn since.")
    edited: int = Field(
        description="Edits that they made, of their own annotations or others', withdrawn or not."
    )
    decided: Verdicts


class DayProgress(Out):
    """What was done on one day, in UTC."""

    day: dt.date
    created: dict[str, int] = Field(
        description="Annotations by label, without those withdrawn since."
    )
    decided: Verdicts


class ProgressOut(Out):
    """How far a project has come."""

    documents: DocumentTally
    labels: dict[str, Counts] = Field(
        description="Annotations by label and, in it, by status; labels that have any."
    )
    people: list[PersonProgress] = Field(
        description="Everybody of whom `created`, `edited` or `decided` has any, by name; members "
        "or not. Documents, relations and annotations withdrawn since bring nobody in."
    )
    days: list[DayProgress] = Field(
        description="The last 366 days on which anything was created or decided, oldest first."
    )
