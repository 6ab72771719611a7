"""A request is parsed and held against the rules that its proto states; no rule is written here.

The count of ids comes first: that limit is the server's, not the message's, and it bounds the work of all other checks.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from protovalidate import Validator
from protovalidate import Violation as BrokenRule

from feature_service.server.errors import InvalidFieldError, MalformedRequestError, TooManyProductsError, Violation

Request = TypeVar("Request", bound=Message)

MOST_TOLD = 20
"""Violations in one answer: a request can hold a thousand, and a status must fit into headers."""

_validator = Validator()


def reader(request_type: type[Request], max_ids: int) -> Callable[[bytes], Request]:
    """What reads the requests of one RPC. A rule that cannot be understood fails here, not at the first request.

    The function raises:
        MalformedRequestError: If the bytes are no such message.
        TooManyProductsError: If one of its lists holds more than ``max_ids``.
        InvalidFieldError: If it breaks a rule of its proto; the first ``MOST_TOLD`` broken ones are named.
    """
    parse, broken_rules = request_type.FromString, _validator.collect_violations
    lists = [field.name for field in request_type.DESCRIPTOR.fields if field.is_repeated]
    broken_rules(request_type())

    def read(raw: bytes) -> Request:
        try:
            request = parse(raw)
        except DecodeError:
            raise MalformedRequestError(request_type.DESCRIPTOR.full_name) from None
        for name in lists:
            asked = len(getattr(request, name))
            if asked > max_ids:
                raise TooManyProductsError(asked, max_ids)
        broken = broken_rules(request)
        if broken:
            raise _invalid(broken)
        return request

    return read


def _invalid(broken: Sequence[BrokenRule]) -> InvalidFieldError:
    first, *others = (Violation(_path(rule), rule.proto.message) for rule in broken[:MOST_TOLD])
    return InvalidFieldError(first.field, first.must, others, untold=max(0, len(broken) - MOST_TOLD))


def _path(rule: BrokenRule) -> str:
    """E.g. ``items[3].product_id``; empty where the rule is about the whole message."""
    field = rule.proto.field
    elements = field.elements if field else ()
    return ".".join(
        f"{each.field_name}[{each.subscript.value}]" if each.subscript else each.field_name for each in elements
    )
