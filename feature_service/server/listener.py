"""A gRPC server with its limits, its doors and its port."""

import grpc
import structlog
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection

from feature_service.server.errors import AddressError, PlaintextError
from feature_service.server.rpc.auth import Doorkeeper
from feature_service.server.settings import ServerSettings, address_of
from feature_service.server.tls import Certificates

_log = structlog.stdlib.get_logger("stockout.server")


def bare_server(settings: ServerSettings, doorkeeper: Doorkeeper | None) -> grpc.aio.Server:
    """A server without services or port. What is more than its limit of calls is refused by gRPC itself, unread."""
    limits = settings.operation.limits
    return grpc.aio.server(
        interceptors=[doorkeeper] if doorkeeper else None,
        maximum_concurrent_rpcs=limits.max_rpcs,
        options=(
            # without workers a second server on the port is a mistake, not a helper
            ("grpc.so_reuseport", int(settings.operation.worker is not None)),
            ("grpc.max_receive_message_length", settings.max_message_bytes),
            *limits.channel_options,
        ),
    )


def add_port(server: grpc.aio.Server, settings: ServerSettings) -> int:
    """Listen, over TLS where it is set up; gives the port.

    Raises:
        PlaintextError: If that would be plaintext which other machines can read, and nobody asked for it.
        CertificateError: If the certificate cannot be used.
        AddressError: If the address cannot be listened on.
    """
    security = settings.operation.security
    if security.tls is None and not security.allows_plaintext_on(settings.host):
        raise PlaintextError(settings.host)
    try:
        if security.tls is None:
            return server.add_insecure_port(address_of(settings))
        return server.add_secure_port(address_of(settings), Certificates(security.tls).credentials())
    except RuntimeError:
        raise AddressError(address_of(settings)) from None


def add_tools(server: grpc.aio.Server, settings: ServerSettings, services: tuple[str, ...]) -> None:
    """Reflection and channelz, as far as they are wanted."""
    if settings.operation.security.channelz:
        from grpc_channelz.v1 import channelz, channelz_pb2  # noqa: PLC0415 - few want it

        channelz.add_channelz_servicer(server)
        services = (*services, channelz_pb2.DESCRIPTOR.services_by_name["Channelz"].full_name)
    if settings.operation.security.reflection:
        names = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
