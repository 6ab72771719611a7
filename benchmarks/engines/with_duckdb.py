"""DuckDB: window functions, and the fastest found."""

from pathlib import Path

import duckdb

from benchmarks.engines.interface import AS_OF_WEEK, EXCLUDED, LAGS, MEASURES, WINDOWS, Engine, items_file, orders_file

_PANEL = """
create or replace table panel as
with weekly as (
    select product_id, date_trunc('week', order_purchase_timestamp)::date as week,
           count(*)::float as units, avg(price)::float as price
    from read_csv('{items}') join read_csv('{orders}') using (order_id)
    where order_status not in {excluded}
    group by all
    having week <= date '{as_of_week}'
), weeks as (
    select product_id, unnest(generate_series(min(week), date '{as_of_week}', interval 7 day))::date as week
    from weekly group by product_id
)
select product_id, week, coalesce(units, 0)::float as units, coalesce(price, 0)::float as price
from weeks left join weekly using (product_id, week)
order by product_id, week
"""

_TABLE = """
copy (
    select product_id, week as as_of_week, outcome, {names}
    from features where sales_qtd_roll_sum_4 > 0
) to '{to}' (format parquet)
"""


class DuckdbWindows(Engine):
    """Sums and averages over frames of rows."""

    name = "DuckDB, window functions"

    def __init__(self) -> None:
        self._connection = duckdb.connect()

    def panel(self, folder: Path) -> None:
        """One query, from the files to every product and week since its first sale."""
        query = _PANEL.format(
            items=items_file(folder), orders=orders_file(folder), excluded=EXCLUDED, as_of_week=AS_OF_WEEK
        )
        self._connection.execute(query)

    def features(self, panel: None) -> None:
        """A table of the keys, the outcome and the 18 features."""
        del panel
        columns = [f"{value}::float as {name}" for name, value in self.formulas().items()]
        self._connection.execute(
            "create or replace table features as "
            "select product_id, week, (lead(units) over weeks = 0)::float as outcome, "
            f"{', '.join(columns)} from panel window weeks as (partition by product_id order by week)"
        )

    def write_table(self, panel: None, features: None, to: Path) -> None:
        """Known features of products that sold lately."""
        del panel, features
        self._connection.execute(_TABLE.format(names=", ".join(self.formulas()), to=to))

    def formulas(self) -> dict[str, str]:
        """The SQL of each feature, by its name."""
        formulas: dict[str, str] = {}
        for stem, field in MEASURES.items():
            formulas |= {f"{stem}_lag_{k}": f"lag({field}, {k - 1}) over weeks" for k in LAGS}
            for window in WINDOWS:
                frame = f"over (weeks rows between {window - 1} preceding and current row)"
                for name, function in (("sum", "sum"), ("mean", "avg")):
                    whole = f"case when row_number() over weeks >= {window} then {function}({field}) {frame} end"
                    formulas[f"{stem}_roll_{name}_{window}"] = whole
        return formulas


class DuckdbLags(DuckdbWindows):
    """The fastest found: sums of lags."""

    name = "DuckDB, sums of lags"

    def formulas(self) -> dict[str, str]:
        """From lags alone."""
        formulas: dict[str, str] = {}
        for stem, field in MEASURES.items():
            lags = [field, *(f"lag({field}, {k}) over weeks" for k in (1, 2, 3))]
            formulas |= {f"{stem}_lag_{k}": lags[k - 1] for k in LAGS}
            for window in WINDOWS:
                total = f"({' + '.join(lags[:window])})"
                formulas |= {f"{stem}_roll_sum_{window}": total, f"{stem}_roll_mean_{window}": f"{total} / {window}"}
        return formulas
