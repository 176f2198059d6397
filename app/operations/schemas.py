"""What is answered of Stet's own state."""

from app.core.fields import Out


class Health(Out):
    """The process answers."""

    status: str


class Readiness(Out):
    """The database answers and fits."""

    status: str
    database: str
    revision: str
