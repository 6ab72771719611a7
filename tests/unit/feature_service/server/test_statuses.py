import subprocess
import sys

import grpc
from google.rpc import error_details_pb2

from feature_service.server.errors import InvalidFieldError
from feature_service.server.product_errors import ExcludedProductError
from feature_service.server.statuses import DOMAIN, status_of

EVERY_ERROR_OF_THE_SERVER = """
import feature_service.server.__main__
from feature_service.kernel import StockoutError
from feature_service.server.statuses import BEFORE_ANY_CALL, STATUSES

def leaves(kind):
    below = kind.__subclasses__()
    return {leaf for each in below for leaf in leaves(each)} if below else {kind}

listed = set(STATUSES) | BEFORE_ANY_CALL
assert leaves(StockoutError) == listed, leaves(StockoutError) ^ listed
assert not set(STATUSES) & BEFORE_ANY_CALL
"""


def test_every_error_that_the_server_can_meet_has_a_status() -> None:
    """In a process of its own: other tests import errors that the server never meets."""
    subprocess.run([sys.executable, "-c", EVERY_ERROR_OF_THE_SERVER], check=True)


def test_a_wrong_field_is_named_in_a_bad_request() -> None:
    code, status = status_of(InvalidFieldError("product_ids[3]", "must be 1 to 256 bytes of UTF-8"))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert status.code == code.value[0]
    bad_request = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(bad_request)
    assert bad_request.field_violations[0].field == "product_ids[3]"


def test_the_facts_of_an_error_are_in_its_error_info() -> None:
    _, status = status_of(ExcludedProductError("NO_COUNTED_SALES"))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("EXCLUDED_PRODUCT", DOMAIN)
    assert dict(info.metadata) == {"cause": "NO_COUNTED_SALES"}


def test_an_unforeseen_error_tells_a_client_nothing_of_the_inside() -> None:
    code, status = status_of(ZeroDivisionError("secret"))
    assert code is grpc.StatusCode.INTERNAL
    assert "secret" not in str(status)
