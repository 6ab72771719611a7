"""Page tokens (AIP-158): opaque to clients, bound to one snapshot and to one query.

A token carries no right, so a checksum is enough: it tells a token that was cut off or made up from one of ours.
"""

import base64
import hashlib
import struct
from dataclasses import dataclass

from feature_service.server.errors import InvalidFieldError

DIGEST_BYTES = VERSION_BYTES = 8
_HEAD = struct.Struct(f">I{DIGEST_BYTES}s{VERSION_BYTES}s")


@dataclass(frozen=True, slots=True)
class PageToken:
    """Where a page starts: in which snapshot's list, with which recorded counts, for which query, after how many."""

    snapshot_id: str
    counts_version: str
    query: bytes
    offset: int

    def text(self) -> str:
        """As a client gets it."""
        version = bytes.fromhex(self.counts_version)
        body = _HEAD.pack(self.offset, self.query, version) + self.snapshot_id.encode()
        return base64.urlsafe_b64encode(digest(body) + body).decode()

    @classmethod
    def read(cls, text: str) -> "PageToken":
        """Read what :meth:`text` gave.

        Raises:
            InvalidFieldError: If it is anything else.
        """
        try:
            body = base64.b64decode(text.encode(), altchars=b"-_", validate=True)[DIGEST_BYTES:]
            offset, query, version = _HEAD.unpack_from(body)
            token = cls(body[_HEAD.size :].decode(), version.hex() if any(version) else "", query, offset)
        except (ValueError, struct.error):
            token = None
        if token is None or token.text() != text:  # made anew it has the right checksum, in the one right spelling
            raise InvalidFieldError("page_token", "must be the next_page_token of an earlier answer")
        return token


def digest(data: bytes) -> bytes:
    """A short fingerprint."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES, person=b"stockout-page").digest()
