"""Alert rules and dashboards ask for figures that the service really tells, and notice when one stops coming."""

import datetime as dt
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from data.snapshots.last_run import LastRun, write_last_run
from feature_service.client import RiskClient
from tests.support.metrics_page import page_of
from tests.support.servers import running_server
from tests.support.serving_fixtures import Published

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
OF_PROMETHEUS = {"up"}


def queries(dashboard: Path) -> Iterator[str]:
    for panel in json.loads(dashboard.read_text(encoding="utf-8"))["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def figures(expression: str) -> set[str]:
    """Names of the figures that an expression asks for; the parser refuses what Prometheus would."""
    found: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.add(str(node.name))
        for name in ("expr", "lhs", "rhs", "vector_selector"):
            if (child := getattr(node, name, None)) is not None and child is not node:
                visit(child)
        for child in getattr(node, "args", None) or ():
            visit(child)

    visit(promql_parser.parse(expression))
    return found


def missing(expression: str) -> set[str]:
    """Names of the figures whose absence an expression tells: of all, or of one thing that another figure tells of."""
    parsed = promql_parser.parse(expression)
    if isinstance(parsed, promql_parser.BinaryExpr) and str(parsed.op) == "unless":
        return figures(parsed.rhs.prettify())
    return figures(expression) if "absent(" in expression else set()


def test_every_rule_says_what_to_do_and_how_bad_it_is() -> None:
    assert RULES
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert len(rule["annotations"]["summary"]) > 40, rule["alert"]
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_a_figure_that_stops_coming_is_noticed() -> None:
    missed = {name for rule in RULES for name in missing(rule["expr"])}
    watched = {name for rule in RULES for name in figures(rule["expr"])}
    come_with = {
        "grpc_server_": "grpc_server_handled_total",
        "stockout_last_run_": "stockout_last_run_end_time_seconds",
        "stockout_drift_": "stockout_drift_looked_time_seconds",
        "stockout_recent_": "stockout_live_week_age_seconds",
        "stockout_horizon_": "stockout_data_age_seconds",
    }
    told_by = {name: each for name in watched for start, each in come_with.items() if name.startswith(start)}
    assert {told_by.get(name, name) for name in watched} <= missed


def test_rules_and_dashboards_ask_for_figures_that_are_told(published: Published, tmp_path: Path) -> None:
    asked = {name for rule in RULES for name in figures(rule["expr"])}
    asked |= {name for dashboard in DASHBOARDS for query in queries(dashboard) for name in figures(query)}
    now = dt.datetime.now(dt.UTC)
    root = tmp_path / "snapshots"
    shutil.copytree(published.root, root)
    write_last_run(LastRun(1, now, now), root)
    with running_server(root, "--metrics-port", "0") as server, RiskClient(server.target) as client:
        client.info()
        families = list(text_string_to_metric_families(page_of(server)))
    told = {sample.name for family in families for sample in family.samples} | {family.name for family in families}
    assert asked - OF_PROMETHEUS <= told | {f"{name}_total" for name in told}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_has_a_name_of_its_own_and_panels_that_do_not_overlap(dashboard: Path) -> None:
    board = json.loads(dashboard.read_text(encoding="utf-8"))
    assert re.fullmatch(r"stockout-\w+", board["uid"])
    taken = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
