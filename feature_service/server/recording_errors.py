"""What can go wrong while events are recorded.

AnswerError
├── EventClashError           an event's id was recorded with other values
├── HistoryRefusalError       the history cannot take the events as it is
├── HistoryUnavailableError   the history cannot be read or written now
└── TooManyWaitingError       more events wait for their commit than the server holds
"""

from feature_service.server.errors import AnswerError


class EventClashError(AnswerError):
    """An event's id was recorded with other values."""

    def __init__(self, sentence: str, event_id: str) -> None:
        super().__init__(sentence, event_id=event_id)


class HistoryRefusalError(AnswerError):
    """The history cannot take the events as it is; the sentence says what to do."""


class HistoryUnavailableError(AnswerError):
    """The history cannot be read or written now."""

    def __init__(self, cause: object) -> None:
        super().__init__(f"nothing was acknowledged, send it again: {cause}")


class TooManyWaitingError(AnswerError):
    """More events wait for their commit than the server holds."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most:,} events wait for their commit, which is all that this server holds: send again in a moment",
            most=most,
        )
