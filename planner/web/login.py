"""Logging in with a token of the risk server, and out."""

import math

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feature_service.client import ClientError, CredentialsError, RefusedError
from planner.web.gate import session_cookie
from planner.web.pages import context_of, render
from planner.web.service import UNAUTHENTICATED

_MOST_TOKEN_LENGTH = 512


async def show_login(request: Request) -> Response:
    """The form."""
    return render(request, "login.html", next=own_page(request.query_params.get("next", "/")), problem="")


async def log_in(request: Request) -> Response:
    """Try the token at the risk server."""
    parts, form = context_of(request), request.state.form
    address = request.client.host if request.client else ""
    token, wanted = form.get("token", "").strip(), own_page(form.get("next", "/"))
    wait_s = parts.attempts.wait_s(address)
    if wait_s:
        headers = {"Retry-After": str(math.ceil(wait_s))}
        return render(request, "login.html", 429, headers, next=wanted, problem="too many", wait_s=math.ceil(wait_s))
    problem = await _problem_of(request, token)
    if problem:
        if problem == "refused":
            parts.attempts.fail(address)
        status = 403 if problem in ("refused", "may not") else 503
        return render(request, "login.html", status, next=wanted, problem=problem)
    session = parts.sessions.begin(token)
    return RedirectResponse(wanted, 303, {"Set-Cookie": session_cookie(parts.settings, parts.sessions, session)})


async def log_out(request: Request) -> Response:
    """End the session."""
    parts, session = context_of(request), request.state.session
    if session.is_logged_in:
        parts.sessions.end(session)
        if not parts.sessions.has_token(session.token):
            await parts.service.forget(session.token)
    return RedirectResponse("/login", 303)


async def _problem_of(request: Request, token: str) -> str:
    if not token or len(token) > _MOST_TOKEN_LENGTH or not token.isascii() or not token.isprintable() or " " in token:
        return "refused"
    service, sessions = context_of(request).service, context_of(request).sessions
    try:
        await service.admit(token)
    except RefusedError as error:
        found = "refused" if error.code == UNAUTHENTICATED else "may not"
    except CredentialsError:
        return "no tls"
    except ClientError:
        found = "away"
    else:
        return ""
    if not sessions.has_token(token):
        await service.forget(token)
    return found


def own_page(wanted: str) -> str:
    """A page of ours; anything else is the first one."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_ours else "/"


routes = [
    Route("/login", show_login),
    Route("/login", log_in, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
]
