"""A request is parsed and held against the rules that its proto states; no rule is written here.

The count of ids comes first: that limit is the server's, not the message's, and it bounds the work of all other checks.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Generic, TypeVar

from google.protobuf.message import DecodeError, Message
from protovalidate import Validator
from protovalidate import Violation as BrokenRule

from feature_service.server.errors import InvalidFieldError, MalformedRequestError, TooManyProductsError, Violation

Request = TypeVar("Request", bound=Message)

MOST_NAMED = 20
"""Violations in one answer: a request can hold a thousand, and a status must fit into headers."""

_validator = Validator()


class RequestReader(Generic[Request]):
    """Reads the requests of one RPC. A rule that cannot be understood fails here, not at the first request."""

    def __init__(self, request_type: type[Request], max_ids: int | None) -> None:
        self._parse, self._name, self._max_ids = request_type.FromString, request_type.DESCRIPTOR.full_name, max_ids
        self._lists = [attrgetter(field.name) for field in request_type.DESCRIPTOR.fields if field.is_repeated]
        _validator.collect_violations(request_type())

    def parse(self, raw: bytes) -> tuple[Request, int]:
        """The request, and how many entries its longest list holds; only its length was looked at.

        Raises:
            MalformedRequestError: If the bytes are no such message.
            TooManyProductsError: If one of its lists holds more than ``max_ids``.
        """
        try:
            request = self._parse(raw)
        except DecodeError:
            raise MalformedRequestError(self._name) from None
        longest = 0
        for entries in self._lists:  # of the lists of a request that keeps its rules one is filled
            longest = max(longest, len(entries(request)))
        if self._max_ids is not None and longest > self._max_ids:
            raise TooManyProductsError(longest, self._max_ids)
        return request, longest

    def check(self, request: Request) -> None:
        """Hold a request against the rules of its proto.

        Raises:
            InvalidFieldError: If it breaks one; the first ``MOST_NAMED`` broken ones are named.
        """
        broken = _validator.collect_violations(request)
        if broken:
            raise _invalid(broken)


def _invalid(broken: Sequence[BrokenRule]) -> InvalidFieldError:
    first, *others = (Violation(_path(rule), rule.proto.message) for rule in broken[:MOST_NAMED])
    return InvalidFieldError(first.field, first.must, others, untold=max(0, len(broken) - MOST_NAMED))


def _path(rule: BrokenRule) -> str:
    """E.g. ``items[3].product_id``; empty where the rule is about the whole message."""
    field = rule.proto.field
    elements = field.elements if field else ()
    return ".".join(
        f"{each.field_name}[{each.subscript.value}]" if each.subscript else each.field_name for each in elements
    )
