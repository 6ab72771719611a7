"""The tables of the state, as the newest migration leaves them."""

import sqlalchemy as sa

METADATA = sa.MetaData()

LOADS = sa.Table(
    "loads",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("source", sa.String(16), nullable=False),
    sa.Column("known_from_us", sa.BigInteger, nullable=False, unique=True),
    sa.Column("time_zone", sa.String(64), nullable=False),
    sa.Column("has_line_key", sa.Boolean, nullable=True),
    sa.Column("sales_until", sa.Date, nullable=True),
    sa.Column("warnings", sa.JSON, nullable=False),
)
"""Deliveries. ``state``: ``started``; ``committed``; ``interrupted``; ``removed``, when none of its rows is left.
``known_from_us``: microseconds since 1970, UTC."""

LOAD_TABLES = sa.Table(
    "load_tables",
    METADATA,
    sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), primary_key=True),
    sa.Column("table_name", sa.String(32), primary_key=True),
    sa.Column("rows_read", sa.BigInteger, nullable=False),
    sa.Column("rows_quarantined", sa.BigInteger, nullable=False),
    sa.Column("rows_unchanged", sa.BigInteger, nullable=False),
    sa.Column("rows_new", sa.BigInteger, nullable=False),
    sa.Column("cents_read", sa.BigInteger, nullable=False),
    sa.Column("cents_unchanged", sa.BigInteger, nullable=False),
    sa.Column("cents_new", sa.BigInteger, nullable=False),
)
"""What a load's rows became, by table; cents are those of sales, each line's price times quantity, rounded."""

LOAD_FILES = sa.Table(
    "load_files",
    METADATA,
    sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), primary_key=True),
    sa.Column("name", sa.String(1024), primary_key=True),
    sa.Column("table_name", sa.String(32), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
)
"""The files of a load."""

LOAD_DAYS = sa.Table(
    "load_days",
    METADATA,
    sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), primary_key=True),
    sa.Column("first_day", sa.Date, primary_key=True),
    sa.Column("last_day", sa.Date, nullable=False),
)
"""Days of which a load says all that was sold, so that what earlier loads said of them no longer counts."""

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("table_name", sa.String(32), primary_key=True),
    sa.Column("event_id", sa.String(256), primary_key=True),
    sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
)
"""Events that were recorded, with the SHA-256 of what each said."""

RECORDED_COUNTS = sa.Table(
    "recorded_counts",
    METADATA,
    sa.Column("product_id", sa.String(256), primary_key=True),
    sa.Column("counted_on", sa.Date, primary_key=True),
    sa.Column("counted_at_us", sa.BigInteger, nullable=False),
    sa.Column("units_on_hand", sa.Float, nullable=False),
    sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), nullable=False, index=True),
)
"""Of the counts recorded as events the last of each product and day; ``counted_at_us`` as ``known_from_us``."""

RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("started_at_us", sa.BigInteger, nullable=False),
    sa.Column("ended_at_us", sa.BigInteger, nullable=True),
    sa.Column("host", sa.String(256), nullable=False),
    sa.Column("said", sa.Text, nullable=False),
)
"""Weekly runs. ``state``: ``running``; ``succeeded``; ``failed``; ``interrupted``, when its process died."""

RUN_STAGES = sa.Table(
    "run_stages",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("subject", sa.String(1024), nullable=False),
    sa.Column("stage", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("ended_at_us", sa.BigInteger, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("said", sa.Text, nullable=False),
)
"""Stages of runs that have ended: of a question, or of the folder of a source."""

RUN_QUESTIONS = sa.Table(
    "run_questions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("question", sa.String(256), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("as_of_week", sa.Date, nullable=True),
    sa.Column("snapshot_id", sa.String(64), nullable=False),
    sa.Column("model_version", sa.String(16), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
)
"""What came of each question in a run."""
