"""What every task of a run shares: its parameters, and where each stage's files lie.

    work-dir/
        clean/, parts/                        the same as the next two, of --engine spark: in buckets of products
        ingest/olist-<hash>/                  clean sales, counts, products, report.json
        quarantine/olist-<hash>.parquet       bad rows, each with its reason
        panel/olist-<hash>/2018-W34/          products x weeks
        features/<run>/                       the training table: features and outcomes
        backtest/<run>/                       out-of-fold predictions; those of the newest run also beside the folders
        backtest/kept/                        predictions that later backtests take over where all else is the same
        models/<run>/                         candidate/ evaluation/ registered/ packaged/ published/
        drift/<question>/2018-W34.json        what drifted up to that week; the page beside it
        promotion/ledger.jsonl                every promotion and rollback, with its reasons
        mlflow/                               tracking database and artifacts, unless MLFLOW_TRACKING_URI is set
        bentoml/                              the store of Bentos, unless BENTOML_HOME is set
        snapshots/                            what is served; other questions than the first in <question>/
        outcomes/<question>/                  what was said of past weeks and what became of it: never pruned
        .runs.lock                            held by runs together, and by PruneRuns alone

A hash covers the input files' contents and the parameters that a stage depends on, so that new data or another setting
is a new run, and the same run is found finished. Every name also holds the schema of the files that the stage and those
before it write, and of the rules of reading, so that after an upgrade no stage is finished that would now end
otherwise.
"""

import datetime as dt
import os
from pathlib import Path

from data.ingest import generic
from data.ingest.contracts import LONGEST_LEAD_TIME_DAYS, OLIST, PURCHASE_ORDERS
from data.ingest.inputs import find_inputs
from data.ingest.result import INGEST_SCHEMA
from data.panel.file import PANEL_SCHEMA
from data.panel.reach import MOST_MISSING_DAYS
from data.snapshots import SCHEMA as SNAPSHOT_SCHEMA
from data.snapshots import SHARDED_SCHEMA
from data.weeks import iso_name, last_complete_week
from feature_service.bundle import CONTRACT_SCHEMA
from feature_service.kernel import feature_set
from feature_service.shards import MAX_SHARDS
from orchestration.default_question import snapshots_of
from orchestration.hashes import fingerprint_of, short_hash
from orchestration.known_history import (
    history_fingerprint,
    history_holds,
    last_known_us,
    latest_week_of,
    latest_week_of_sums,
    microseconds_of,
)
from orchestration.parameters import BASELINE, HISTORY, LOCAL, SPARK, TIME_ZONES, Parameters
from orchestration.registry_places import tracking_uri_of
from training.backtest.origins import BacktestSettings
from training.errors import SettingError
from training.labels import Label, bounds_in, label
from training.labels.unusual_zero import UnusualZero
from training.registry.question import Question
from training.schemas import BACKTEST_SCHEMA, FIGURES_SCHEMA, REGISTERED_SCHEMA, TABLE_SCHEMA, TRAINING_SCHEMA

_MOST_SEEDS = 2**32
_WITH_ORDERS = {"stock-1": "stock-2"}
"""By the feature set that a label has of its own, the one that looks at orders with suppliers too."""


class Run(Parameters):
    """A run: what it is called by, and where its files lie."""

    def check(self) -> None:
        """Refuse what cannot be meant before anything is done.

        Raises:
            StockoutError: If a setting is out of its range, or the work dir cannot hold what a run writes.
        """
        super().check()
        _ = self.policy, self.target, self.tracking_uri, self.known_at_us
        if self.known_at and self.source != HISTORY:
            raise SettingError("known-at", self.known_at, "left away where --source is not history")
        self._check_engine()
        BacktestSettings(origins=self.backtest_weeks, refit_every=self.refit_every, row_budget=self.row_budget)
        if not 0 <= self.seed < _MOST_SEEDS:
            raise SettingError("seed", self.seed, f"0 to {_MOST_SEEDS - 1}")
        if self.search_trials < 0:
            raise SettingError("search-trials", self.search_trials, "0 or more")
        if self.search_trials and self.estimator == BASELINE:
            raise SettingError("search-trials", self.search_trials, f"left away with --estimator {BASELINE}")
        if not 0 <= self.max_missing_days <= MOST_MISSING_DAYS:
            raise SettingError("max-missing-days", self.max_missing_days, f"0 to {MOST_MISSING_DAYS}")
        if not 0 <= self.lead_time_days <= LONGEST_LEAD_TIME_DAYS:
            raise SettingError("lead-time-days", self.lead_time_days, f"0 to {LONGEST_LEAD_TIME_DAYS}")
        if not 1 <= self.shards <= MAX_SHARDS:
            raise SettingError("shards", self.shards, f"1 to {MAX_SHARDS}")

    def _check_engine(self) -> None:
        if self.engine == LOCAL:
            return
        if self.source != HISTORY:
            raise SettingError("engine", self.engine, f"{LOCAL} where --source is not history: Spark reads its facts")
        if self.label == UnusualZero.name:
            raise SettingError("engine", self.engine, f"{LOCAL} with --label {self.label}, which looks at all products")

    @property
    def statuses(self) -> tuple[str, ...]:
        """The excluded statuses, sorted."""
        return tuple(sorted(status.strip() for status in self.excluded_statuses.split(",") if status.strip()))

    @property
    def seller_zone(self) -> str:
        """The time zone, by default the layout's own; of a history, whose deliveries had one, none."""
        return self.time_zone or TIME_ZONES.get(self.source, "")

    @property
    def known_at_us(self) -> int | None:
        """The time as of which a history is asked for, in microseconds since 1970; None: now.

        Raises:
            SettingError: If it is no time.
        """
        return microseconds_of(self.known_at) if self.known_at else None

    @property
    def history_until_us(self) -> int:
        """The load up to which the run reads the history, by the time since which it is known; 0: there is none."""
        return last_known_us(self.work_dir, self.known_at_us)

    @property
    def data_fingerprint(self) -> str:
        """SHA-256 of the input files and of the rows of queries, or of the loads of the history."""
        if self.source == HISTORY:
            return history_fingerprint(self.work_dir, self.history_until_us)
        if self.source == "generic":
            paths = generic.input_files(self.input_dir, self.columns_file)
            return fingerprint_of(paths, self.input_dir, generic.query_digests(self.input_dir, self.columns_file))
        return fingerprint_of(sorted(find_inputs(self.input_dir, OLIST).values()), self.input_dir, {})

    @property
    def has_purchase_orders(self) -> bool:
        """Whether the files, or the loads of the history, hold orders with suppliers."""
        if self.source == HISTORY:
            return history_holds(self.work_dir, self.history_until_us, PURCHASE_ORDERS.name)
        if self.source == "generic":
            return generic.has_table(self.input_dir, PURCHASE_ORDERS.name, self.columns_file)
        return False

    @property
    def ingest_name(self) -> str:
        """Folder name of what was read: the same for the same files and reading settings."""
        return self.ingest_name_of(self.data_fingerprint)

    def ingest_name_of(self, data_fingerprint: str) -> str:
        """The same for files of which the fingerprint was taken before."""
        settings = (self.seller_zone, self.statuses, self.max_bad_share)
        return f"{self.source}-{short_hash(data_fingerprint, *settings)}-ingest-{INGEST_SCHEMA}"

    @property
    def panel_name(self) -> str:
        """Folder name for the panels of what was read; a lead time tells when orders without a day are expected."""
        lead_time = f"-lead-{self.lead_time_days}" if self.has_purchase_orders else ""
        return f"{self.ingest_name}-panel-{self.max_missing_days}{lead_time}-{PANEL_SCHEMA}"

    @property
    def week_name(self) -> str:
        """The ``as_of`` week, e.g. ``2018-W34``."""
        return iso_name(self.as_of_week)

    @property
    def as_of_week(self) -> dt.date:
        """Monday of the last week that is known: the one that is asked for, or the latest that the data completes.

        Raises:
            DataError: If it is to be told from data that was not ingested yet, or that completes no week.
        """
        named: dt.date | None = self.as_of
        if named is not None:
            return last_complete_week(named)
        known_at = self.known_at_us
        now = dt.datetime.now(dt.UTC) if known_at is None else dt.datetime.fromtimestamp(known_at / 1e6, dt.UTC)
        if self.engine == SPARK:
            return latest_week_of_sums(self.clean_dir, now.date(), self.max_missing_days)
        return latest_week_of(self.ingest_dir, now.date(), self.max_missing_days)

    @property
    def ingest_dir(self) -> Path:
        """Folder of what was read."""
        return self.work_dir / "ingest" / self.ingest_name

    @property
    def clean_dir(self) -> Path:
        """Folder of what was read by the engine ``spark``, in buckets of products."""
        return self.work_dir / "clean" / self.ingest_name

    @property
    def target(self) -> Label:
        """The label with its settings."""
        return label(self.label, horizon_weeks=self.horizon_weeks, alpha=self.alpha)

    @property
    def question(self) -> Question:
        """What is asked, as champions are compared by it."""
        return Question.of(self.target)

    @property
    def feature_set_name(self) -> str:
        """The feature set, by default the label's own, or the one beside it that takes orders where there are any.

        Raises:
            UnknownFeatureSetError: If there is none of that name.
            LabelFeaturesError: If the label cannot be learned from it.
        """
        own = self.target.feature_set
        if own in _WITH_ORDERS and not self.feature_set and self.has_purchase_orders:
            own = _WITH_ORDERS[own]
        chosen = feature_set(self.feature_set or own)
        bounds_in(chosen, self.target)
        return chosen.name

    @property
    def run_name(self) -> str:
        """Folder name of the run: what is predicted, as of when, and a hash of everything else."""
        backtest = (self.backtest_weeks, self.refit_every, self.row_budget, self.search_trials, self.estimator)
        target = (self.horizon_weeks, self.alpha, self.feature_set_name)
        rest = short_hash(self.panel_name, target, backtest, self.seed)
        return f"{self.label}-{self.week_name}-{rest}"

    @property
    def features_name(self) -> str:
        """Folder name for the training table, which holds the label as a model's contract states it."""
        return f"{self.run_name}-contract-{CONTRACT_SCHEMA}-table-{TABLE_SCHEMA}"

    @property
    def backtest_name(self) -> str:
        """Folder name for the backtest."""
        return f"{self.features_name}-backtest-{BACKTEST_SCHEMA}"

    @property
    def model_dir(self) -> Path:
        """Folder of the run's model stages."""
        return self.work_dir / "models" / f"{self.backtest_name}-training-{TRAINING_SCHEMA}-figures-{FIGURES_SCHEMA}"

    @property
    def tracking_uri(self) -> str:
        """MLflow's tracking store and registry."""
        return tracking_uri_of(self.work_dir, os.environ.get("MLFLOW_TRACKING_URI"))

    @property
    def registry_name(self) -> str:
        """Folder name for what depends on the registry and the store: another registry is another registration."""
        return f"{short_hash(self.tracking_uri, str(self.bento_home))}-{REGISTERED_SCHEMA}"

    @property
    def publish_settings(self) -> str:
        """What a snapshot depends on beside its panel and model, for names of folders."""
        policy = self.policy.name.replace(" ", "-").replace(":", "-")
        form = f"{SHARDED_SCHEMA}-shards-{self.shards}" if self.shards > 1 else f"{SNAPSHOT_SCHEMA}"
        return f"{self.lead_time_days}-{policy}-snapshot-{form}"

    @property
    def bento_home(self) -> Path:
        """The store of Bentos."""
        return Path(os.environ.get("BENTOML_HOME") or self.work_dir / "bentoml")

    @property
    def snapshots(self) -> Path:
        """What a gRPC service of the run's question serves."""
        return snapshots_of(self.work_dir, self.question)
