"""What an operator of the history service can set, each default once."""

from dataclasses import dataclass, field
from pathlib import Path

from feature_service.limits import MAX_EVENTS, MAX_ID_BYTES
from feature_service.server.settings import Operation

EVENT_BYTES_BESIDE_IDS = 64
"""Tags, lengths, time and numbers of an event: 48 today."""


@dataclass(frozen=True)
class HistorySettings:
    """How to serve a history.

    Attributes:
        work_dir: Holds the history, unless the environment says where else.
        time_zone: IANA name of the zone of the seller's clock; None: the history's.
        host: Address to listen on.
        port: 0 lets the system choose.
        grace_seconds: How long calls in flight may take to end after SIGTERM.
        log_calls: Write a line for every call, not only for those that failed.
        operation: Limits, security, telemetry.
    """

    work_dir: Path
    time_zone: str | None = None
    host: str = "127.0.0.1"
    port: int = 50052
    grace_seconds: float = 10.0
    log_calls: bool = False
    operation: Operation = field(default_factory=Operation)

    @property
    def max_message_bytes(self) -> int:
        """Longest request within the limits: as many events, each with the longest ids and all its other fields."""
        return MAX_EVENTS * (2 * MAX_ID_BYTES + EVENT_BYTES_BESIDE_IDS) + 4096
