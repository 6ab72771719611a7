"""This project's own step: files checked row by row, NumPy panel, kernel, training table."""

import tempfile
from pathlib import Path

from benchmarks.engines.interface import AS_OF_WEEK, Engine, StepSeconds, timed
from data.ingest.olist import ingest_olist
from data.panel import Panel
from data.panel.build import build_panel
from feature_service.kernel import FloatArray, feature_set, features_of_all_weeks
from training.table import write_training_table

SEED_18 = feature_set("seed-18")


class Product(Engine):
    """As the pipeline does it, with the quarantine and all checks, without the files between its stages."""

    name = "this project"

    def __init__(self) -> None:
        self._out: FloatArray | None = None

    def panel(self, folder: Path) -> Panel:
        """Ingest and panel."""
        with tempfile.TemporaryDirectory() as scratch:
            history = ingest_olist(folder, quarantine_file=Path(scratch) / "quarantine.parquet")
        return build_panel(history, as_of_week=AS_OF_WEEK)

    def features(self, panel: Panel) -> FloatArray:
        """Shape ``(18, products, weeks)``; memory is kept from one call to the next, as the engines' allocators do."""
        self._out = features_of_all_weeks(SEED_18, panel.fields, self._out)
        return self._out

    def write_table(self, panel: Panel, features: FloatArray | None, to: Path) -> None:
        """The training table of ``zero_sales``; it makes the features itself, some products at a time."""
        del features
        write_training_table(panel, "zero_sales", SEED_18.name, to)

    def run(self, folder: Path, to: Path) -> StepSeconds:
        """Features are made within the table."""
        panel, panel_s = timed(lambda: self.panel(folder))
        _, table_s = timed(lambda: self.write_table(panel, None, to))
        return StepSeconds(panel_s, None, table_s)
