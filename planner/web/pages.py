"""Pages out of templates: escaped, in the reader's language, with what all of them show."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from feature_service.client import AsyncRiskClient, ClientError, RefusedError
from planner.board.keeper import Boards, StillReadingError
from planner.settings import Settings
from planner.web.attempts import Attempts
from planner.web.language import LANGUAGES, formats_of, language_of, translations_of
from planner.web.service import Service
from planner.web.sessions import Sessions

_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Context:
    """What the pages of an application share."""

    settings: Settings
    service: Service
    sessions: Sessions
    attempts: Attempts
    boards: Boards


def context_of(request: Request) -> Context:
    """Of the application that answers."""
    context: Context = request.app.state.context
    return context


def question_of(request: Request) -> str:
    """The question that the address names; empty for the server's default."""
    return request.query_params.get("question", "")[:256]


def client_of(request: Request) -> AsyncRiskClient:
    """Asks the question of the address as whoever is logged in."""
    return context_of(request).service.client(request.state.session.token, question_of(request))


def author_of(request: Request) -> str:
    """Who decides: empty where the token says so."""
    return "" if request.state.session.token else context_of(request).settings.author


def render(
    request: Request, template: str, status: int = 200, headers: Mapping[str, str] | None = None, /, **values: Any
) -> Response:
    """A page, or with htmx a part of one."""
    language = language_of(request)
    values = {
        "request": request,
        "session": request.state.session,
        "question": question_of(request),
        "is_part": request.headers.get("HX-Request") == "true",
        "formats": formats_of(language),
        "languages": LANGUAGES,
        "language": language,
        **values,
    }
    vary = {"Vary": "Accept-Language, Cookie, HX-Request"}
    return HTMLResponse(
        _environment(language).get_template(template).render(values), status, {**vary, **(headers or {})}
    )


def unavailable(request: Request, error: ClientError) -> Response:
    """What a page says where the risk server gave no answer."""
    if isinstance(error, StillReadingError):
        address = f"{request.url.path}?{request.url.query}"
        return render(request, "reading.html", 503, {"Refresh": "2"}, address=address)
    return render(request, "unavailable.html", 403 if isinstance(error, RefusedError) else 503, problem=str(error))


def compile_templates() -> None:
    """Do it once, and not while a reader waits."""
    for language in LANGUAGES:
        environment = _environment(language)
        for name in environment.list_templates():
            environment.get_template(name)


@functools.cache
def _environment(language: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ROOT / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(translations_of(language), newstyle=True)  # type: ignore[attr-defined]
    environment.globals["row_id"] = row_id
    return environment


def row_id(product_id: str) -> str:
    """The ``id`` in HTML of a product's row, whatever its own id is made of."""
    return f"row-{hashlib.sha256(product_id.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
