"""Choosing the language."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from planner.web.language import COOKIE, LANGUAGES
from planner.web.login import own_page

_YEAR_S = 365 * 24 * 3600


async def choose_language(request: Request) -> Response:
    """Keep the choice in a cookie, and go back to the page."""
    here = urlsplit(request.headers.get("referer", "/"))
    response = RedirectResponse(own_page(here._replace(scheme="", netloc="").geturl()), 303)
    language = request.state.form.get("language", "")
    if language in LANGUAGES:
        response.set_cookie(COOKIE, language, max_age=_YEAR_S, httponly=True, samesite="lax")
    return response


routes = [Route("/language", choose_language, methods=["POST"])]
