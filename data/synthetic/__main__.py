"""``python -m data.synthetic DIR --seed 7 --products 2000``: write an invented history.

With ``--layout generic`` shops with a stock. See :mod:`data.synthetic.olist` and :mod:`data.synthetic.shops`.
"""

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path

import click

from data.synthetic.olist import FIRST_WEEK, WEEKS, write_synthetic_olist
from data.synthetic.shops import write_synthetic_generic
from feature_service.terminal import command_output

_PROGRAM = "python -m data.synthetic"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=7, show_default=True, help="Same seed, same files.")
@click.option("--products", default=2_000, show_default=True, type=click.IntRange(min=1))
@click.option("--weeks", default=WEEKS, show_default=True, type=click.IntRange(min=1))
@click.option("--first-week", default=f"{FIRST_WEEK}", show_default=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option("--layout", default="olist", show_default=True, type=click.Choice(["olist", "generic"]))
@click.option("--purchase-orders", is_flag=True, help="Of generic: write the orders that fill the shelves too.")
def main(
    folder: Path, seed: int, products: int, weeks: int, first_week: dt.datetime, layout: str, purchase_orders: bool
) -> None:
    """Write an invented history into FOLDER: orders in Olist's layout, or sales and stock in the generic one."""
    if purchase_orders and layout != "generic":
        raise click.UsageError("--purchase-orders is of --layout generic: the other one knows no stock")
    write: Callable[..., None] = write_synthetic_olist
    if layout == "generic":
        write = functools.partial(write_synthetic_generic, with_purchase_orders=purchase_orders)
    with command_output(_PROGRAM):
        write(folder, seed=seed, products=products, weeks=weeks, first_week=first_week.date())
        click.echo(f"wrote {weeks} weeks of {products:,} invented products to {folder}")


if __name__ == "__main__":
    main(prog_name=_PROGRAM)
