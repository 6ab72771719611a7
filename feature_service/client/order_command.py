"""``stockout order-list``: what to order, with totals by supplier."""

import sys

import click

from feature_service.client.batching import ListFilter
from feature_service.client.options import OUTPUT_FORMAT, OutputFormat, combine, with_client
from feature_service.client.orders import OrderLine, order_list
from feature_service.client.output import documents
from feature_service.client.output.console import print_answer
from feature_service.client.output.order_table import order_table
from feature_service.client.sync_client import RiskClient


@click.command("order-list")
@click.option("--alert-only", is_flag=True, help="Only products that raise an alert, and those that have run out.")
@click.option("--budget", type=click.FloatRange(0), help="Spent where it saves the most; in the currency of the costs.")
@click.option("--totals", is_flag=True, help="With --csv: the totals by supplier instead of the products.")
@combine(OUTPUT_FORMAT, with_client)
def order_list_command(
    alert_only: bool, budget: float | None, totals: bool, output_format: OutputFormat, client: RiskClient
) -> None:
    """Print what to order: each product whose stock will not do, and the totals by supplier.

    \b
    As CSV:   stockout order-list --csv > orders.csv && stockout order-list --csv --totals > suppliers.csv
    """  # noqa: D301 - click reads the character \b as "leave these lines as they are"
    answer = client.list_risks(ListFilter(alert_only=alert_only, include_out_of_stock=True), limit=sys.maxsize)
    suggested = [(each.risk.product_id, each.risk.suggested_order) for each in answer.results]
    orders = order_list([OrderLine(product_id, order) for product_id, order in suggested if order], budget)
    print_answer(
        output_format,
        lambda: order_table(orders, answer.provenance, budget),
        lambda: documents.as_json(orders),
        lambda: documents.totals_as_csv(orders) if totals else documents.orders_as_csv(orders),
    )
