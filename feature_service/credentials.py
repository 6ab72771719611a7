"""TLS and tokens for a channel: all are read from files, so that no secret stands in a process's arguments."""

from dataclasses import dataclass
from pathlib import Path

import grpc

from feature_service.kernel import StockoutError


class CredentialsError(StockoutError):
    """A certificate, key or token cannot be used."""


_NEEDS_TLS = (
    "a client's certificate or token is sent over TLS only: give the file of the authority (CA) that signed the "
    "server's certificate as well"
)


@dataclass(frozen=True)
class Secrets:
    """Files, read when the credentials are made. Without any of them the connection is plaintext.

    Attributes:
        ca: PEM of the authorities that may have signed the server's certificate.
        certificate: PEM of the client's own certificate, if the server wants one.
        key: PEM of that certificate's key.
        token: One line, the bearer token; sent over TLS only.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    token: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials | None:
        """What a channel is opened with; None is plaintext.

        Raises:
            CredentialsError: If a file cannot be read, or they do not go together.
        """
        if self.token is None:
            return self.credentials_with("")
        if self.ca is None:
            raise CredentialsError(_NEEDS_TLS)
        return self.credentials_with(_token(self.token))

    def credentials_with(self, token: str) -> grpc.ChannelCredentials | None:
        """The same with a token that somebody has typed, for programs that act for several people; empty sends none.

        Raises:
            CredentialsError: If a file cannot be read, or they do not go together.
        """
        if self.ca is None:
            if self.certificate or self.key or token:
                raise CredentialsError(_NEEDS_TLS)
            return None
        if (self.certificate is None) != (self.key is None):
            raise CredentialsError("a client's certificate needs its key, and a key its certificate: give both files")
        tls = grpc.ssl_channel_credentials(
            _read(self.ca),
            private_key=None if self.key is None else _read(self.key),
            certificate_chain=None if self.certificate is None else _read(self.certificate),
        )
        if not token:
            return tls
        return grpc.composite_channel_credentials(tls, grpc.access_token_call_credentials(token))


def _token(file: Path) -> str:
    try:
        token = _read(file).decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if not token or not token.isprintable() or " " in token:
        raise CredentialsError(f"{file} holds no token: it must hold one line with the token and nothing else")
    return token


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CredentialsError(f"{file} cannot be read: {error.strerror}") from error
