"""Assembles the application: settings, database, routers, problems, middleware."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.annotations import routes as annotations
from app.core import tracing
from app.core.database.connect import connect
from app.core.garbage_collection import collect_seldom
from app.core.http import problems
from app.core.http.admission import Admission
from app.core.http.application import Application
from app.core.http.body_memory import AT_ONCE
from app.core.http.conditions import NotModified, not_modified
from app.core.http.limits import BodyLimits
from app.core.http.methods import HeadAsGet
from app.core.http.observability import Observed
from app.core.logs import configure_logging
from app.core.metrics import STARTED, keep_measuring
from app.core.settings import Settings, settings
from app.documents import routes as documents
from app.exports import routes as exports
from app.exports.log_heads import LogHeads
from app.exports.schemas import ChangeOut, ExportedDocument
from app.exports.slots import ExportSlots
from app.imports import routes as imports
from app.operations import routes as operations
from app.operations.openapi.described import describe
from app.operations.server import metrics_folder
from app.operations.server.stopping import told
from app.operations.sqlite.files import keep_looking
from app.progress import routes as progress
from app.projects import routes as projects
from app.relations import routes as relations
from app.reviews import routes as reviews
from app.users import routes as users
from app.users.attempts import SignInAttempts
from app.users.rate_limits import RateLimits
from app.web import pages

ROUTERS = (
    annotations.router,
    reviews.router,
    documents.router,
    relations.router,
    projects.router,
    users.router,
    exports.router,
    imports.router,
    progress.router,
    operations.router,
    pages.router,
)


def create_app(given: Settings) -> FastAPI:
    """The application, ready to serve; its database is opened on first use."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        collect_seldom()
        measuring = asyncio.create_task(keep_measuring(app.state.database))
        looking = asyncio.create_task(keep_looking(app.state.database))
        with told(app.state.log_heads.stop):
            yield
        measuring.cancel()
        looking.cancel()
        try:
            await app.state.database.dispose()
        finally:
            if app.state.traces is not None:
                # Nothing else runs in this loop any more.
                app.state.traces.close()

    app = Application(
        title="Stet",
        # The operations' routes serve these.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        # See ``core.tracing``.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    equip(app, given)
    app.state.traces = tracing.configured(app.state.database.dialect)
    for router in ROUTERS:
        # Not include_router: it adds nothing to routers without a prefix, and its two more hops,
        # which match each path again, took a twelfth of a create.
        app.router.routes.extend(router.routes)
    problems.install(app)
    app.add_exception_handler(NotModified, not_modified)
    describe(app, ChangeOut, ExportedDocument)
    return app


def equip(app: FastAPI, given: Settings) -> None:
    """Give the application what its routes find in ``app.state``, by these settings."""
    app.state.settings = given
    app.state.database = connect(given)
    app.state.log_heads = LogHeads(app.state.database)
    app.state.export_slots = ExportSlots(
        given.database_pool_size, timeout=given.database_timeout_seconds
    )
    app.state.sign_in_attempts = SignInAttempts(given.login_attempts_per_minute)


def serve_app() -> ASGIApp:
    """What ``stet serve`` runs in each worker: the application inside its two outermost layers."""
    chosen = settings()
    configure_logging(chosen.log_level)
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # For as long as the process lives: it may outlive the server that made the folder.
        metrics_folder.hold(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    STARTED.inc()
    return wrapped(create_app(chosen))


def wrapped(app: FastAPI) -> ASGIApp:
    """The application with its limits and, around all, its log and measurements."""
    chosen: Settings = app.state.settings
    limited: ASGIApp = Admission(
        app,
        max_requests=chosen.max_requests_at_once,
        max_streams=chosen.max_streams_at_once,
    )
    limited = BodyLimits(
        limited,
        max_bytes=chosen.max_body_bytes,
        # A few of the largest always have room.
        max_bytes_at_once=max(AT_ONCE, 8 * chosen.max_body_bytes),
        max_file_bytes=chosen.max_import_bytes,
        timeout_seconds=chosen.body_timeout_seconds,
    )
    rates = (chosen.requests_per_minute_per_token, chosen.requests_per_minute_per_address)
    if any(rates):
        limited = RateLimits(limited, per_token=rates[0], per_address=rates[1])
    return Observed(
        HeadAsGet(limited),
        is_https=chosen.public_url.startswith("https:"),
        slow_seconds=chosen.slow_request_seconds,
        traces=app.state.traces,
        stops=lambda: app.state.log_heads.stopped,
    )
