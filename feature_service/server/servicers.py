"""The RPCs: decode, delegate, encode. What they raise becomes a status in :mod:`feature_service.server.calls`."""

from stockout.v1 import feature_service_pb2, risk_service_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest

from feature_service.server.calls import Method
from feature_service.server.questions import feature_question, risk_question
from feature_service.server.serving import CurrentSnapshot

RISK_SERVICE: str = risk_service_pb2.DESCRIPTOR.services_by_name["RiskService"].full_name
FEATURE_SERVICE: str = feature_service_pb2.DESCRIPTOR.services_by_name["FeatureService"].full_name


class RiskServicer:
    """``stockout.v1.RiskService``."""

    def __init__(self, current: CurrentSnapshot, max_ids: int) -> None:
        self._current, self._max_ids = current, max_ids
        self.methods = {"AssessStockoutRisks": Method(AssessStockoutRisksRequest, self.assess_stockout_risks)}

    def assess_stockout_risks(self, request: AssessStockoutRisksRequest) -> bytes:
        """Answer one result per product, in the order of the request."""
        question = risk_question(request, self._max_ids)
        return self._current.get().risks(question)


class FeatureServicer:
    """``stockout.v1.FeatureService``."""

    def __init__(self, current: CurrentSnapshot, max_ids: int) -> None:
        self._current, self._max_ids = current, max_ids
        self.methods = {"GetFeatures": Method(GetFeaturesRequest, self.get_features)}

    def get_features(self, request: GetFeaturesRequest) -> bytes:
        """Answer one result per product, in the order of the request."""
        question = feature_question(request, self._max_ids)
        return self._current.get().features(question)
