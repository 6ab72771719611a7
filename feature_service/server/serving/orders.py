"""Suggested orders as bytes, each with its supplier."""

from collections.abc import Mapping

from stockout.v1.risk_service_pb2 import SuggestedOrder, Supplier

from feature_service.server.scoring.assessment import Assessment
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.serving import encoder
from feature_service.server.serving.encoder import field, tag_of

_SUPPLIER = tag_of(SuggestedOrder, "supplier")


class OrderWriter:
    """Writes the orders of one snapshot's products; each supplier is encoded once."""

    def __init__(self, assessor: Assessor) -> None:
        self._terms, self._supplier_ids = assessor.planner.ordering.terms, assessor.panel.supplier_ids
        self._suppliers: Mapping[str, bytes] = {
            each: _supplier_field(each, assessor) for each in set(self._supplier_ids)
        }

    def messages(self, answers: Assessment) -> list[bytes]:
        """Whole ``SuggestedOrder`` messages; empty where there is none."""
        orders = encoder.orders(answers.figures, self._terms.of(answers.rows))
        if not self._supplier_ids:
            return orders
        suppliers = (self._suppliers[self._supplier_ids[row]] for row in answers.rows.tolist())
        return [order and order + supplier for order, supplier in zip(orders, suppliers, strict=True)]


def _supplier_field(supplier_id: str, assessor: Assessor) -> bytes:
    if not supplier_id:
        return b""
    known = assessor.panel.suppliers.get(supplier_id)
    message = Supplier(supplier_id=supplier_id)
    if known is not None:
        message = Supplier(supplier_id=supplier_id, name=known.name, minimum_order_value=known.minimum_order_value)
    return field(_SUPPLIER, message.SerializeToString())
