"""TLS whose certificate can be renewed while the server runs."""

import ssl
from pathlib import Path

import grpc
import structlog

from feature_service.kernel import StockoutError
from feature_service.server.errors import CertificateError
from feature_service.server.settings import Tls

_log = structlog.stdlib.get_logger("stockout.tls")


class Certificates:
    """The files of certificate, key and client CA, read again when one of them has changed.

    Raises:
        CertificateError: If they cannot be used.
    """

    def __init__(self, files: Tls) -> None:
        self._files = files
        self._seen = self._state()
        self._first = self._read()

    def credentials(self) -> grpc.ServerCredentials:
        """What gRPC listens with; it asks for the newest files at every handshake."""
        return grpc.dynamic_ssl_server_credentials(
            self._first,
            self._newer,  # type: ignore[arg-type]  # None is allowed, which the stubs do not know
            require_client_authentication=self._files.client_ca is not None,
        )

    def _newer(self) -> grpc.ServerCertificateConfiguration | None:
        """Called by gRPC at each handshake, in a thread of its own; None goes on with what it has.

        A pair of which only one file is written yet does not match: it is left alone until the other one changes.
        """
        try:
            state = self._state()
            if state == self._seen:
                return None
            self._seen = state
            newer = self._read()
        except StockoutError as error:
            _log.error("certificate refused", error=str(error))
            return None
        _log.info("certificate reloaded", certificate=str(self._files.certificate))
        return newer

    def _state(self) -> list[tuple[int, int, int]]:
        """Changes whenever a file was written or replaced."""
        try:
            found = [path.stat() for path in self._paths()]
        except OSError as error:
            raise CertificateError(self._files.certificate, error) from error
        return [(each.st_ino, each.st_size, each.st_mtime_ns) for each in found]

    def _paths(self) -> list[Path]:
        return [path for path in (self._files.certificate, self._files.key, self._files.client_ca) if path]

    def _read(self) -> grpc.ServerCertificateConfiguration:
        files = self._files
        try:
            check = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            check.load_cert_chain(files.certificate, files.key)  # gRPC itself would only refuse the handshakes
            if files.client_ca:
                check.load_verify_locations(files.client_ca)
            pair = (files.key.read_bytes(), files.certificate.read_bytes())
            client_ca = files.client_ca.read_bytes() if files.client_ca else None
            return grpc.ssl_server_certificate_configuration([pair], client_ca)
        except OSError as error:  # ssl.SSLError is one of them
            raise CertificateError(files.certificate, error) from error
