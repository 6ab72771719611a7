"""Single calls of a server's methods, and what a refused one says."""

from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from stockout.v1 import feature_service_pb2, plan_service_pb2, risk_service_pb2
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest

METHODS: list[MethodDescriptor] = [
    method
    for file in (risk_service_pb2, feature_service_pb2, plan_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
"""Every method of our protos."""
ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
_REQUEST = AssessStockoutRisksRequest(product_ids=["a"]).SerializeToString()


def code_of(channel: grpc.Channel, method: str = ASSESS, token: str | None = None) -> grpc.StatusCode:
    """The status of one call of a method, with a token if one is given."""
    call: Any = channel.unary_unary(method)
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    code: grpc.StatusCode = call.future(_REQUEST, metadata=metadata, timeout=20).code()
    return code


def refusal(call: Any, request: Any) -> tuple[grpc.StatusCode, status_pb2.Status]:
    """The status of a call that must be refused, in both forms."""
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=10)
    status = rpc_status.from_call(raised.value)
    assert status is not None
    assert "Traceback" not in str(status)
    return raised.value.code(), status


def reason_in(status: status_pb2.Status) -> tuple[str, str, dict[str, str]]:
    """Code, reason and metadata of a status."""
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "stockout.v1"
    return code_pb2.Code.Name(status.code), info.reason, dict(info.metadata)
