"""What can go wrong with planners' decisions.

StockoutError
├── MissingPackagesError        what keeps plans is not installed
└── AnswerError
    ├── PlansOffError           the server was started without a database for them
    ├── PlanChangedError        the plan is not the one that was decided upon
    ├── RequestClashError       a request's id was used for another decision
    ├── AuthorDeniedError       a token's holder decides as somebody else
    ├── PlansUnavailableError   the database cannot be reached, or is busy
    └── PlansBusyError          more calls wait for the database than the server holds
"""

import datetime as dt

from feature_service.kernel import StockoutError
from feature_service.server.errors import AnswerError


class MissingPackagesError(StockoutError):
    """Plans are wanted, and what keeps them is not installed."""

    def __init__(self, package: str | None) -> None:
        super().__init__(
            f"--state-url needs {package}, which is not installed: install stockout-risk[plans], or leave it away"
        )


class PlansOffError(AnswerError):
    """The server was started without a database for plans."""

    def __init__(self) -> None:
        super().__init__(
            "this server keeps no plans: start it with --state-url (or STOCKOUT_STATE_URL), the database of the state "
            "that the pipeline uses, such as sqlite:////work/state.db"
        )


class PlanChangedError(AnswerError):
    """The plan is not the one that was decided upon."""

    def __init__(self, sentence: str, etag: str, state: str, changed_by: str, changed_at: dt.datetime | None) -> None:
        at = changed_at.isoformat() if changed_at else ""
        super().__init__(sentence, etag=etag, state=state, changed_by=changed_by, changed_at=at)


class RequestClashError(AnswerError):
    """A request's id was used for another decision."""

    def __init__(self, sentence: str, request_id: str) -> None:
        super().__init__(sentence, request_id=request_id)


class AuthorDeniedError(AnswerError):
    """A token's holder decides as somebody else."""

    def __init__(self, holder: str, author: str) -> None:
        super().__init__(
            f"the token is that of {holder!r}, who cannot decide as {author!r}: leave author empty, or use their token",
            token=holder,
            author=author,
        )


class PlansUnavailableError(AnswerError):
    """The database cannot be reached, or is busy."""

    def __init__(self, cause: object) -> None:
        super().__init__(f"nothing was acknowledged, send the same again: {cause}")


class PlansBusyError(AnswerError):
    """More calls wait for the database than the server holds."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most:,} calls wait for the database of the plans, which is all that this server holds: "
            "send the same again in a moment",
            most=most,
        )
