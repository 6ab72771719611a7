"""What an operator can set, each default once."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from feature_service.client import Secrets


@dataclass(frozen=True)
class Settings:
    """How the page is served, and whom it asks.

    Attributes:
        target: ``host:port`` of the risk server, or of each shard's with commas between them.
        secrets: TLS towards the risk server; its token is never read: each planner brings one.
        host: Address to listen on.
        port: 0 lets the system choose.
        timeout_s: Longest wait for the risk server, in seconds.
        tls_certificate: PEM of the page's own certificate; None is plain HTTP.
        tls_key: PEM of its key.
        trust_network: Plain HTTP, and no login where the risk server asks for none, on an address that others reach.
        author: Who decides where nobody logs in.
    """

    target: str
    secrets: Secrets
    host: str = "127.0.0.1"
    port: int = 8090
    timeout_s: float = 10.0
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    trust_network: bool = False
    author: str = ""

    @property
    def is_local(self) -> bool:
        """Whether this machine alone reaches the page."""
        return is_loopback(self.host)

    @property
    def has_tls(self) -> bool:
        """Whether browsers speak HTTPS."""
        return self.tls_certificate is not None


def is_loopback(host: str) -> bool:
    """Whether an address or a name is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
