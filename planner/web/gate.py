"""Stands before every page: who is there, whether a form comes from our own pages, and what the browser may load."""

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feature_service.client import ClientError, RefusedError
from planner.settings import Settings, is_loopback
from planner.web.service import UNAUTHENTICATED, Service
from planner.web.sessions import CHECK_S, Session, Sessions

MOST_BODY_BYTES = 64 * 1024
OPEN = ("/static/", "/login", "/language", "/healthz")
"""What anybody may ask for."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def cookie_name(settings: Settings) -> str:
    """Browsers take a name with ``__Host-`` from this very host alone, over HTTPS alone."""
    return "__Host-planner" if settings.has_tls else "planner"


class Gate:
    """Lets a request through with ``state.session`` and ``state.form``, or answers it itself.

    Args:
        app: The pages.
        settings: How they are served.
        service: The risk server.
        sessions: Who is logged in.
    """

    def __init__(self, app: ASGIApp, settings: Settings, service: Service, sessions: Sessions) -> None:
        self._app, self._settings, self._service, self._sessions = app, settings, service, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        fresh: list[Session] = []

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), request, fresh)
            await send(message)

        refused = await self._admit(request, fresh)
        if refused is None and request.method not in ("GET", "HEAD"):
            refused = await self._read_form(request)
        await (refused or self._app)(scope, receive, send_with_headers)

    async def _admit(self, request: Request, fresh: list[Session]) -> Response | None:
        key = self._sessions.key_in(request.cookies.get(cookie_name(self._settings), ""))
        request.state.session = session = self._sessions.find(key)
        request.state.form = {}
        if session is not None:
            return await self._check_again(request, session)
        request.state.session = self._sessions.anonymous(key)
        if key is None:
            fresh.append(request.state.session)
        if request.url.path.startswith(OPEN):
            return None
        try:
            wants_token = await self._service.wants_token()
        except ClientError:
            return None  # the page says so
        if wants_token:
            return self._to_login(request)
        if self._settings.trust_network:
            return None
        if not (self._settings.is_local and is_loopback(request.url.hostname or "")):
            return PlainTextResponse(
                "The risk server asks for no token, so this page is for its own machine alone: give that server "
                "--tokens, or start the page with --trust-network.\n",
                403,
            )
        return None

    async def _check_again(self, request: Request, session: Session) -> Response | None:
        if session.seen_at - session.checked_at <= CHECK_S:
            return None
        try:
            await self._service.check(session.token)
        except RefusedError as error:
            if error.code == UNAUTHENTICATED:
                self._sessions.end(session)
                return self._to_login(request)
        except ClientError:
            return None  # tried again with the next request
        session.checked_at = session.seen_at
        return None

    def _to_login(self, request: Request) -> Response:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if request.headers.get("HX-Request") or request.method not in ("GET", "HEAD"):
            here = urlsplit(request.headers.get("HX-Current-URL", "/"))._replace(scheme="", netloc="").geturl()
        login = f"/login?next={quote(here, safe='')}"
        if request.headers.get("HX-Request"):
            return Response(status_code=204, headers={"HX-Redirect": login})
        return RedirectResponse(login, 303)

    async def _read_form(self, request: Request) -> Response | None:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BODY_BYTES:
                return PlainTextResponse(f"A form may have {MOST_BODY_BYTES} bytes at most.\n", 413)
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        request.state.form = {name: values[-1] for name, values in fields.items()}
        sent = request.headers.get("X-CSRF-Token") or request.state.form.get("csrf", "")
        is_mark = hmac.compare_digest(sent.encode(), request.state.session.csrf.encode())
        if not (is_mark and _is_own(request.headers)):
            return PlainTextResponse("This form did not come from a page of this session: load the page again.\n", 403)
        return None

    def _add_headers(self, headers: MutableHeaders, request: Request, fresh: list[Session]) -> None:
        for name, value in HEADERS.items():
            headers[name] = value
        if not request.url.path.startswith("/static/"):
            headers.setdefault("Cache-Control", "no-store")
        if self._settings.has_tls:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        for session in fresh:
            if not request.url.path.startswith("/static/"):
                headers.append("Set-Cookie", session_cookie(self._settings, self._sessions, session))


def session_cookie(settings: Settings, sessions: Sessions, session: Session) -> str:
    """The header that gives a browser its session, until it is closed."""
    secure = "; Secure" if settings.has_tls else ""
    return f"{cookie_name(settings)}={sessions.cookie(session)}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _is_own(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that the form is of a page of this host; who says nothing is no browser of today."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
