"""The addresses of receivers, as far as they may be said."""

import httpx


def origin(url: str) -> str:
    """The part of an address that is no secret: scheme, host and port.

    Raises:
        ValueError: If it is none of HTTP, or holds a user or password; the words follow a setting's name.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        raise ValueError("is no address") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("must begin with https:// or http:// and a host")
    if parsed.userinfo:
        raise ValueError("must not hold a user or a password")
    return str(parsed.copy_with(raw_path=b"/", fragment=None)).rstrip("/")
