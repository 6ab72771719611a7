"""The application: its routes, and what they share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from feature_service.client import ClientError
from planner.board.keeper import Boards
from planner.decisions import decide
from planner.listing import page as listing
from planner.model import page as model_page
from planner.orders import page as orders
from planner.product import product_page
from planner.product.translate import translator_of
from planner.settings import Settings
from planner.web import choose_language, login
from planner.web.attempts import Attempts
from planner.web.gate import Gate
from planner.web.language import LANGUAGES
from planner.web.pages import Context, compile_templates, render
from planner.web.service import Service
from planner.web.sessions import Sessions

_STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings) -> Starlette:
    """The pages of one risk server, for an ASGI server to run."""
    service = Service(settings.target, settings.secrets, settings.timeout_s)
    sessions, boards = Sessions(), Boards()
    compile_templates()
    for language in LANGUAGES:
        translator_of(language)  # once, and not while a reader waits

    @asynccontextmanager
    async def follow_server(_app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(boards.follow()), asyncio.create_task(_read_ahead(service, boards))]
        try:
            yield
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await service.close()

    app = Starlette(
        routes=[
            *listing.routes,
            *decide.routes,
            *orders.routes,
            *model_page.routes,
            *product_page.routes,
            *login.routes,
            *choose_language.routes,
            Route("/healthz", _healthy),
            Mount("/static", StaticFiles(directory=_STATIC), name="static"),
        ],
        middleware=[
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=4),
            Middleware(Gate, settings=settings, service=service, sessions=sessions),
        ],
        exception_handlers={404: _not_found},
        lifespan=follow_server,
    )
    app.state.context = Context(settings, service, sessions, Attempts(), boards)
    return app


async def _read_ahead(service: Service, boards: Boards) -> None:
    """Where nobody needs to log in, the first one need not wait."""
    with suppress(ClientError):
        if not await service.wants_token():
            await boards.of("", service.client(""))


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _not_found(request: Request, _error: Exception) -> Response:
    return render(request, "not_found.html", 404)
