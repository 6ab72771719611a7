"""Who is logged in. A cookie holds a signed random id; the token stays here, in memory."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field

from itsdangerous import BadSignature, Signer

IDLE_S = 12 * 3600.0
MOST_SESSIONS = 10_000
CHECK_S = 60.0
"""A token may be withdrawn: it is tried again after so long."""


@dataclass
class Session:
    """A browser that may see the pages.

    Attributes:
        key: Random, known to that browser alone.
        token: That the risk server wants; empty where it wants none.
        csrf: What a form must send along.
        seen_at: When it last asked for something, by the monotonic clock.
        checked_at: When the token was last found to be good, by the monotonic clock.
    """

    key: str
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    seen_at: float
    checked_at: float

    @property
    def is_logged_in(self) -> bool:
        """Whether there is something to log out of."""
        return bool(self.token)


class Sessions:
    """All sessions of this process; a restart ends them."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._signer = Signer(self._secret, salt="planner.session", digest_method=hashlib.sha256)
        self._logged_in: dict[str, Session] = {}

    def cookie(self, session: Session) -> str:
        """What the browser keeps."""
        return self._signer.sign(session.key).decode("ascii")

    def key_in(self, cookie: str) -> str | None:
        """The key that a cookie of ours holds."""
        try:
            return self._signer.unsign(cookie).decode("ascii")
        except (BadSignature, UnicodeError):
            return None

    def find(self, key: str | None) -> Session | None:
        """Who logged in under a key, if that is not too long ago."""
        session = self._logged_in.get(key or "")
        if session is None:
            return None
        if time.monotonic() - session.seen_at > IDLE_S:
            self.end(session)
            return None
        session.seen_at = time.monotonic()
        return session

    def anonymous(self, key: str | None) -> Session:
        """A browser that need not log in; nothing is kept of it here."""
        return self._session(key or secrets.token_urlsafe(24), "")

    def begin(self, token: str) -> Session:
        """Log somebody in, under a key that nobody knew before; where too many are, the longest idle one goes."""
        if len(self._logged_in) >= MOST_SESSIONS:
            self.end(min(self._logged_in.values(), key=lambda each: each.seen_at))
        session = self._session(secrets.token_urlsafe(24), token)
        self._logged_in[session.key] = session
        return session

    def end(self, session: Session) -> None:
        """Log out."""
        self._logged_in.pop(session.key, None)

    def has_token(self, token: str) -> bool:
        """Whether anybody who is logged in uses it."""
        return any(each.token == token for each in self._logged_in.values())

    def _session(self, key: str, token: str) -> Session:
        csrf = hmac.new(self._secret, f"csrf {key}".encode(), hashlib.sha256).hexdigest()
        now = time.monotonic()
        return Session(key, token, csrf, now, now)
