"""What an operator can set. Read once by the command line, passed in, never changed."""

from dataclasses import dataclass, field
from pathlib import Path

from feature_service.server.operation import Operation

MAX_ID_BYTES = 256
"""Longest product id, UTF-8, as the protos rule."""


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Attributes:
        snapshots: Folder that the pipeline publishes to.
        host: Address to listen on.
        port: 0 lets the system choose.
        max_ids: Product ids that one request may hold.
        grace_seconds: How long calls in flight may take to end after SIGTERM.
        reload_seconds: Between two looks for a newer snapshot.
        max_age_days: Age of the snapshot from which answers say stale and health says NOT_SERVING; None is never.
        log_calls: Write a line for every call, not only for those that failed.
        operation: Limits, security, telemetry.
    """

    snapshots: Path
    host: str = "127.0.0.1"
    port: int = 50051
    max_ids: int = 1000
    grace_seconds: float = 10.0
    reload_seconds: float = 1.0
    max_age_days: float | None = None
    log_calls: bool = False
    operation: Operation = field(default_factory=Operation)

    @property
    def max_message_bytes(self) -> int:
        """Longest request that can be within the limits: every id at its longest with its tag and length, and some."""
        return self.max_ids * (MAX_ID_BYTES + 8) + 4096

    @property
    def address(self) -> str:
        """As gRPC takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
