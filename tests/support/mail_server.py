"""A mail server, as a process of its own: ``python -m tests.support.mail_server FOLDER OPTIONS``.

Options are ``name=value``: ``starttls`` or ``tls`` with the path of certificate and key, without suffix; ``login`` with
``user:password``; ``refuse`` with an address that it takes nothing for.
"""

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Handler:
    """Keeps what arrives in ``got.jsonl``."""

    def __init__(self, folder: Path, refused: str, speaks_tls: bool) -> None:
        self._folder, self._refused, self._speaks_tls = folder, refused, speaks_tls

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802
        """Refuse one address."""
        if address == self._refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a letter."""
        assert isinstance(envelope.content, bytes)
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode("ascii"),
            "encrypted": self._speaks_tls or session.ssl is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
        }
        with (self._folder / "got.jsonl").open("a") as file:
            file.write(json.dumps(letter) + "\n")
        return "250 taken"


def _context(stem: str | None) -> ssl.SSLContext | None:
    if stem is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{stem}.pem", f"{stem}.key")
    return context


async def main(folder: Path, options: dict[str, str]) -> None:
    """Serve for ever."""
    login = options.get("login")

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_right = f"{data.login.decode()}:{data.password.decode()}" == login
        return AuthResult(success=is_right, auth_data=data, handled=is_right)

    settings: dict[str, Any] = {"tls_context": _context(options.get("starttls")), "hostname": "mail.test"}
    settings["require_starttls"] = "starttls" in options
    if login:
        settings |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": "tls" not in options}
    handler = Handler(folder, options.get("refuse", ""), "tls" in options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, **settings), "127.0.0.1", 0, ssl=_context(options.get("tls"))
    )
    (folder / "port").write_text(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), dict(option.split("=", 1) for option in sys.argv[2:])))
