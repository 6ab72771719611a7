"""What the clients ask about the past; see :mod:`feature_service.client.exchanges`."""

from stockout.v1.risk_service_pb2 import GetPerformanceRequest, GetProductHistoryRequest

from feature_service.client.errors import RefusedError
from feature_service.client.exchanges import Exchange, ask, check_fleet
from feature_service.client.fleet.servers import Fleet
from feature_service.client.messages import WRONG_SHARD
from feature_service.client.performance import PerformanceAnswer
from feature_service.client.performance_messages import performance_of
from feature_service.client.product_history import ProductHistory, product_history_of


def performance(fleet: Fleet) -> Exchange[PerformanceAnswer]:
    """How what was said of past weeks turned out; the record is of all products, whichever server tells it."""
    told = yield from ask(fleet, "GetPerformance", {0: GetPerformanceRequest()})
    return performance_of(told[0])


def product_history(fleet: Fleet, product_id: str, weeks: int) -> Exchange[ProductHistory]:
    """What the server that holds a product knows of it; a fleet that was divided anew meanwhile is looked at again."""
    if fleet.is_sharded and fleet.key is None:
        yield from check_fleet(fleet)
    try:
        return (yield from _product_history(fleet, product_id, weeks))
    except RefusedError as error:
        if error.reason != WRONG_SHARD or not fleet.is_sharded:
            raise
    yield from check_fleet(fleet)
    return (yield from _product_history(fleet, product_id, weeks))


def _product_history(fleet: Fleet, product_id: str, weeks: int) -> Exchange[ProductHistory]:
    (server,) = fleet.split([product_id], str).parts
    request = GetProductHistoryRequest(product_id=product_id, weeks=weeks)
    told = yield from ask(fleet, "GetProductHistory", {server: request})
    return product_history_of(product_id, told[server])
