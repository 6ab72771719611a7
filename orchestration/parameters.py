"""The parameters of a run, as the command line has them."""

from pathlib import Path

import luigi

from data.ingest import generic, olist
from data.ingest.contracts import DEFAULT_EXCLUDED_STATUSES, DEFAULT_LEAD_TIME_DAYS
from data.ingest.quarantine import DEFAULT_MAX_BAD_SHARE
from data.panel.reach import DEFAULT_MAX_MISSING_DAYS
from orchestration.options import ChoiceOption, DateOption, FloatOption, IntOption
from training.backtest.origins import WEEKLY_FIT_ROWS, BacktestSettings
from training.errors import SettingError
from training.labels import DEFAULT_ALPHA
from training.policy import POLICIES, AlertPolicy

DEFAULT_SEED = 42
PROVEN, BASELINE = "recipe", "random_forest"
HISTORY = "history"
LOCAL, SPARK = "local", "spark"
TIME_ZONES = {"olist": olist.DEFAULT_TIME_ZONE, "generic": generic.DEFAULT_TIME_ZONE}


class ReadingParameters(luigi.Task):
    """What reading files is told."""

    source = ChoiceOption(choices=list(TIME_ZONES), description="layout of the files in --data-dir")
    data_dir = luigi.OptionalPathParameter(  # type: ignore[call-arg]
        default=None, absolute=True, description="folder with the input files"
    )
    work_dir = luigi.PathParameter(absolute=True, description="folder that takes everything the run writes")
    columns = luigi.Parameter(
        default="",
        description="TOML file that says how your files are read; by default source.toml in --data-dir, if any",
    )
    time_zone = luigi.Parameter(
        default="", description="IANA name of the seller's time zone; by default America/Sao_Paulo for olist, else UTC"
    )
    max_bad_share = FloatOption(default=DEFAULT_MAX_BAD_SHARE, description="share of bad rows above which a run stops")

    def check(self) -> None:
        """Refuse what cannot be meant before anything is done.

        Raises:
            StockoutError: If files are to be read and no folder is named.
        """
        if self.source != HISTORY:
            _ = self.input_dir
        elif self.data_dir is not None:
            raise SettingError("data-dir", self.data_dir, "left away with --source history: LoadHistory reads files")

    @property
    def input_dir(self) -> Path:
        """The folder with the input files.

        Raises:
            SettingError: If none is named.
        """
        if self.data_dir is None:
            raise SettingError("data-dir", "missing", "the folder with the input files")
        return Path(self.data_dir)

    @property
    def columns_file(self) -> Path | None:
        """The file that says how the others are read, if one is named."""
        return Path(self.columns).absolute() if self.columns else None


class Parameters(ReadingParameters):
    """What a run is told."""

    source = ChoiceOption(
        choices=[*TIME_ZONES, HISTORY],
        description="layout of the files in --data-dir; history: what LoadHistory loaded in --work-dir",
    )
    known_at = luigi.Parameter(
        default="", description="of a history: as it was known at this time, such as 2024-06-17T06:00Z; by default now"
    )
    publish_past = luigi.BoolParameter(
        default=False,
        significant=False,
        description="with --known-at: register, promote and publish, so that servers answer by what was known then",
    )
    as_of = DateOption(
        description="any date: the last complete ISO week up to it is the last that is known; latest: that of the data"
    )
    label = luigi.Parameter(description="what is predicted, e.g. zero_sales")
    horizon_weeks = IntOption(
        default=1,
        description="weeks ahead that the label looks",
    )
    alpha = FloatOption(
        default=DEFAULT_ALPHA, description="of the label unusual_zero: what probability of no sale is unusual"
    )
    feature_set = luigi.Parameter(default="", description="by default the label's own, e.g. stock-1 for inventory")
    lead_time_days = IntOption(
        default=DEFAULT_LEAD_TIME_DAYS,
        description="days from ordering to having, for products without a lead time of their own",
    )
    excluded_statuses = luigi.Parameter(
        default=",".join(sorted(DEFAULT_EXCLUDED_STATUSES)), description="order statuses that are no sale, by commas"
    )
    max_missing_days = IntOption(
        default=DEFAULT_MAX_MISSING_DAYS,
        description="days that a table may lack at the end of the as_of week, beyond its usual pauses",
    )
    backtest_weeks = IntOption(
        default=BacktestSettings.origins, description="weekly origins to evaluate, as far as the history goes"
    )
    refit_every = IntOption(
        default=BacktestSettings.refit_every,
        description=f"weeks between two fits of the backtest; 0: 1 up to {WEEKLY_FIT_ROWS:,} rows learned from, else 4",
    )
    row_budget = IntOption(
        default=BacktestSettings.row_budget,
        description="rows that a model is fitted on; of more a weighted sample is drawn, the rarer outcome and the "
        "newer weeks first",
    )
    estimator = ChoiceOption(
        default=PROVEN,
        choices=(PROVEN, BASELINE),
        description="random_forest is the original's baseline; the report then holds the label's recipe beside it",
    )
    search_trials = IntOption(
        default=0, description="trials to search estimator, parameters and features; 0 takes the label's proven recipe"
    )
    threshold_by = ChoiceOption(
        default=AlertPolicy.threshold_by,
        choices=POLICIES,
        description="what alerts are chosen by when the snapshot is published; another choice trains nothing",
    )
    target_recall = FloatOption(
        default=AlertPolicy.target_recall, description="by recall: share of the positive outcomes to reach"
    )
    alert_budget = IntOption(
        default=AlertPolicy.alert_budget, description="by budget: products that a planner can look at in a week"
    )
    cost_of_miss = FloatOption(
        default=AlertPolicy.cost_of_miss, description="by cost: of a positive outcome without an alert"
    )
    cost_of_false_alarm = FloatOption(
        default=AlertPolicy.cost_of_false_alarm,
        description="by cost: of an alert that does not come true, in the unit of --cost-of-miss",
    )
    alert_probability = FloatOption(
        default=AlertPolicy.alert_probability, description="by probability: the one from which there is an alert"
    )
    shards = IntOption(
        default=1,
        description="parts that the snapshot is published in, each for a server of its own (stockout-server --shard)",
    )
    engine = ChoiceOption(
        default=LOCAL,
        choices=(LOCAL, SPARK),
        significant=False,
        description="what computes panel, features and scores, bit for bit alike: this process, or Spark's executors",
    )
    spark_master = luigi.Parameter(
        default="local[*]", significant=False, description="of engine spark: its cluster, e.g. spark://host:7077"
    )
    seed = IntOption(default=DEFAULT_SEED, description="of every random choice")
    weekly_run = IntOption(
        default=0,
        significant=False,
        description="weekly run that this is part of, which the MLflow run of the model then names; 0: of none",
    )

    @property
    def policy(self) -> AlertPolicy:
        """What an alert is in the snapshot that is published.

        Raises:
            SettingError: If a number of it is out of its range, or means nothing.
        """
        return AlertPolicy(
            threshold_by=self.threshold_by,
            target_recall=self.target_recall,
            alert_budget=self.alert_budget,
            cost_of_miss=self.cost_of_miss,
            cost_of_false_alarm=self.cost_of_false_alarm,
            alert_probability=self.alert_probability,
        )
