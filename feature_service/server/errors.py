"""What can go wrong while serving.

StockoutError
├── AddressError                 the port cannot be listened on
├── PlaintextError               plaintext on an address that other machines reach
├── CertificateError             certificate, key and client CA are not a whole
├── TokensError                  the file of tokens cannot be used
├── OtherQuestionError           a newer snapshot answers another question
├── MisplacedQuestionError       a folder does not hold the question that it is called by
├── ModelMismatchError           the snapshot's model wants other features than this code computes
└── AnswerError                  reaches a client
    ├── MalformedRequestError    the bytes are not the message they should be
    ├── InvalidFieldError        a field of the request holds what it must not
    ├── TooManyProductsError     more ids than one request may hold
    ├── AsOfOutOfRangeError      a week that the snapshot does not hold
    ├── UnknownQuestionError     a question that is not served
    ├── NotLoadedError           no snapshot is loaded yet
    ├── DrainingError            the server stops
    ├── PageTokenExpiredError    the snapshot that the pages are of is gone
    ├── NoTrackRecordError       nobody knows yet how past answers turned out
    ├── DeadlinePassedError      the client no longer waits
    ├── TooManyStreamsError      all streams are taken
    ├── TooManyPastWeeksError    the snapshots of as many past weeks are held as may be
    ├── UnauthenticatedError     no token, or one that is not known
    ├── MethodDeniedError        the token's holder may not call the method
    ├── RateExceededError        the token's holder calls too often
    ├── ProductError             see product_errors
    └── …                        see recording_errors, plan_errors
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from feature_service.kernel import StockoutError


class AddressError(StockoutError):
    """The address cannot be listened on."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(f"cannot listen on {address}: it is in use or not an address of this machine")


class PlaintextError(StockoutError):
    """Plaintext was not asked for on an address that other machines reach."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"{host} is reached by other machines: give --tls-certificate and --tls-key, "
            "or ask for plaintext with --insecure-plaintext"
        )


class CertificateError(StockoutError):
    """Certificate, key and client CA are not a whole."""

    def __init__(self, certificate: Path, cause: object) -> None:
        self.certificate = certificate
        super().__init__(f"the certificate {certificate} with its key and client CA cannot be used: {cause}")


class TokensError(StockoutError):
    """The file of tokens cannot be used."""

    def __init__(self, file: Path, cause: object, line: int | None = None) -> None:
        self.file, self.line = file, line
        where = file if line is None else f"{file}, line {line},"
        super().__init__(f"the tokens of {where} cannot be used: {cause}")


class OtherQuestionError(StockoutError):
    """A newer snapshot answers another question than the one that is served: no client asked for that."""

    def __init__(self, snapshot_id: str, theirs: str, ours: str) -> None:
        super().__init__(
            f"snapshot {snapshot_id} answers {theirs}, and {ours} is served: publish it in a folder of its own"
        )


class MisplacedQuestionError(StockoutError):
    """A folder beside the default question's snapshots does not hold the question that it is called by."""

    def __init__(self, folder: Path, snapshot_id: str, question: str) -> None:
        super().__init__(
            f"snapshot {snapshot_id} in {folder} answers {question!r}: only a folder of that name may hold it; "
            "publish it with the pipeline"
        )


class ModelMismatchError(StockoutError):
    """The model's inputs are not the features of the set that its contract names."""

    def __init__(self, feature_set: str) -> None:
        self.feature_set = feature_set
        super().__init__(
            f"the model's inputs are not the features of {feature_set!r} in this version; train and publish it anew"
        )


class AnswerError(StockoutError):
    """Reaches a client as a status; ``metadata`` are its facts for programs."""

    def __init__(self, message: str, **metadata: object) -> None:
        self.metadata: Mapping[str, str] = {name: str(value) for name, value in metadata.items()}
        super().__init__(message)


class MalformedRequestError(AnswerError):
    """The bytes are not a message of the method's request type."""

    def __init__(self, message_type: str) -> None:
        super().__init__(f"the request is not a {message_type} message", message_type=message_type)


class Violation(NamedTuple):
    """What is wrong with a request: ``field must``, e.g. ``items[3].product_id must be at least 1 bytes``.

    ``field`` is empty where the request as a whole is wrong.
    """

    field: str
    must: str

    def __str__(self) -> str:
        return f"{self.field} {self.must}".lstrip()


class InvalidFieldError(AnswerError):
    """A field of the request holds what it must not; ``others`` are wrong, too; ``untold`` more are counted."""

    def __init__(self, field: str, must: str, others: Sequence[Violation] = (), untold: int = 0) -> None:
        first = Violation(field, must)
        self.violations = [first, *others]
        more = f"; and {len(others) + untold} more" if others else ""
        super().__init__(f"{first}{more}", field=field)


class TooManyProductsError(AnswerError):
    """More product ids than one request may hold."""

    def __init__(self, asked: int, max_ids: int) -> None:
        super().__init__(
            f"{asked} product ids asked, one request may hold {max_ids}: split it", asked=asked, max_ids=max_ids
        )


class AsOfOutOfRangeError(AnswerError):
    """A week that the snapshot does not hold."""

    def __init__(self, as_of: dt.date, first_week: dt.date, last_week: dt.date) -> None:
        super().__init__(
            f"as_of {as_of} is not in the snapshot, whose weeks are those of {first_week} to {last_week}",
            first_week=first_week,
            last_week=last_week,
        )


class UnknownQuestionError(AnswerError):
    """A question that is not served."""

    LONGEST_QUOTE = 80

    def __init__(self, question: str, served: Sequence[str]) -> None:
        shown, known = question[: self.LONGEST_QUOTE], ", ".join(served)
        super().__init__(
            f"the question {shown!r} is not served here: ask {known}, or name none for {served[0]}",
            question=shown,
            served=known,
        )


class NotLoadedError(AnswerError):
    """No snapshot is loaded yet."""

    def __init__(self) -> None:
        super().__init__("the snapshot is still being loaded; try again in a moment")


class DrainingError(AnswerError):
    """The server stops."""

    def __init__(self) -> None:
        super().__init__("the server is stopping; ask again, another one may answer")


class PageTokenExpiredError(AnswerError):
    """The snapshot that the pages are of is gone, or what it was answered with."""

    def __init__(self, snapshot_id: str) -> None:
        self.snapshot_id = snapshot_id
        super().__init__(
            f"the list that the page token walks through was of snapshot {snapshot_id}, which or whose recorded counts "
            "were replaced: start again at the first page",
            snapshot_id=snapshot_id,
        )


class NoTrackRecordError(AnswerError):
    """Nobody knows yet how past answers turned out."""

    def __init__(self, question: str) -> None:
        known = "once the data reach the end of the weeks that a published snapshot looked ahead to"
        super().__init__(f"no outcome of {question} is known yet: run ScoreOutcomes {known}", question=question)


class DeadlinePassedError(AnswerError):
    """The client no longer waits."""

    def __init__(self) -> None:
        super().__init__("the deadline passed before the work was begun")


class TooManyStreamsError(AnswerError):
    """All streams are taken."""

    def __init__(self, max_streams: int) -> None:
        super().__init__(
            f"{max_streams} streams are open, which is all that this server holds: try again later",
            max_streams=max_streams,
        )


class TooManyPastWeeksError(AnswerError):
    """As many snapshots of past weeks are held as may be."""

    def __init__(self, held: int) -> None:
        super().__init__(
            f"streams of {held} other past weeks are open, which is all that this server holds: try again later",
            held=held,
        )


class UnauthenticatedError(AnswerError):
    """No token, or one that is not known; which of them is for the log, not for the caller."""

    def __init__(self) -> None:
        super().__init__("a valid token is needed: send it as metadata 'authorization: Bearer TOKEN'")


class MethodDeniedError(AnswerError):
    """The token's holder may not call the method."""

    def __init__(self, holder: str, method: str) -> None:
        super().__init__(f"the token of {holder!r} does not allow {method}", token=holder, method=method)


class RateExceededError(AnswerError):
    """The token's holder calls too often."""

    def __init__(self, holder: str, per_second: float) -> None:
        super().__init__(
            f"the token of {holder!r} allows {per_second:g} calls a second: wait before the next",
            token=holder,
            per_second=per_second,
        )
