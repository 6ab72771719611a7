"""What can go wrong when somebody is to be told.

StockoutError
└── NotificationError
    ├── NotifySettingError       the settings name a channel that cannot be meant
    └── NotSentError             a channel did not take a message
"""

from feature_service.kernel import StockoutError


class NotificationError(StockoutError):
    """Somebody cannot be told."""


class NotifySettingError(NotificationError):
    """The settings say of a channel what cannot be meant."""


class NotSentError(NotificationError):
    """A channel did not take a message; it may later.

    Attributes:
        retry_after_s: For how long the receiver wants to be left alone; None: it did not say.
    """

    def __init__(self, sentence: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(sentence)
