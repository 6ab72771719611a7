"""Page tokens of plans and decisions: opaque to clients, bound to one query; see ``serving.page_token``."""

import base64

from feature_service.server.errors import InvalidFieldError
from feature_service.server.serving.page_token import DIGEST_BYTES, digest


def page_token(position: str, *query: object) -> str:
    """As a client gets it: where the next page of a query begins."""
    body = digest(repr(query).encode()) + position.encode()
    return base64.urlsafe_b64encode(digest(body) + body).decode()


def position_in(token: str, *query: object) -> str:
    """Where the page begins; empty for the first one.

    Raises:
        InvalidFieldError: If the token is no such, or one of another query.
    """
    if not token:
        return ""
    try:
        position = base64.b64decode(token.encode(), altchars=b"-_", validate=True)[2 * DIGEST_BYTES :].decode()
    except ValueError:
        position = ""
    if not position or page_token(position, *query) != token:
        raise InvalidFieldError("page_token", "must be the next_page_token of an earlier answer to the same request")
    return position
