"""The server's page of Prometheus figures."""

from prometheus_client.parser import text_string_to_metric_families

from tests.support.processes import wait_for_http
from tests.support.servers import RunningServer

LABELS = {"grpc_service": "stockout.v1.RiskService", "grpc_method": "AssessStockoutRisks"}


def page_of(server: RunningServer) -> str:
    """Prometheus' text."""
    return wait_for_http(f"http://127.0.0.1:{server.wait_for('metrics')['port']}/metrics").decode()


def value(page: str, sample: str, **labels: str) -> float:
    """The sum of all samples of the name that have the labels."""
    samples = [each for family in text_string_to_metric_families(page) for each in family.samples]
    return sum(each.value for each in samples if each.name == sample and labels.items() <= each.labels.items())
