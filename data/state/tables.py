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

ALERT_EPISODES = sa.Table(
    "alert_episodes",
    METADATA,
    sa.Column("question", sa.String(256), primary_key=True),
    sa.Column("product_id", sa.String(256), primary_key=True),
    sa.Column("first_week", sa.Date, primary_key=True),
    sa.Column("last_week", sa.Date, nullable=False),
    sa.Column("alerts", sa.Integer, nullable=False),
    sa.Column("snapshot_id", sa.String(64), nullable=False),
    sa.Column("published_at_us", sa.BigInteger, nullable=False),
    sa.Column("model_name", sa.String(256), nullable=False),
    sa.Column("model_version", sa.String(32), nullable=False),
    sa.Column("threshold", sa.Float, nullable=False),
    sa.Column("probability", sa.Float, nullable=False),
    sa.Column("highest_probability", sa.Float, nullable=False),
    sa.Column("units_on_hand", sa.Float, nullable=True),
    sa.Column("demand_per_week", sa.Float, nullable=True),
    sa.Column("units_at_risk", sa.Float, nullable=True),
    sa.Column("revenue_at_risk", sa.Float, nullable=True),
    sa.Column("price", sa.Float, nullable=True),
    sa.Column("lead_time_days", sa.Float, nullable=True),
    sa.Column("reorder_by", sa.Date, nullable=True),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("outcome_day", sa.Date, nullable=True),
    sa.Column("warning_days", sa.Integer, nullable=True),
    sa.Column("reason", sa.String(512), nullable=False),
    sa.Column("closed_week", sa.Date, nullable=True, index=True),
    sa.Column("acknowledged_at_us", sa.BigInteger, nullable=True),
)
"""Alert episodes: see ``monitoring.outcomes.episodes``. Weeks are ``as_of`` weeks by their Mondays; ``alerts`` counts
those with an alert. From ``snapshot_id`` to ``reorder_by``: what was said with the first, but ``highest_probability``.
``outcome``: ``open``, ``came_true`` on ``outcome_day``, ``warning_days`` after the end of the first week; ``did_not``;
``unknown`` for a ``reason``. ``closed_week``: the week in which it ended. Times as ``known_from_us``.
``acknowledged_at_us``: when somebody acted upon it, as the decisions of planners say, by the calendar of the data."""

OUTCOME_CHANGES = sa.Table(
    "outcome_changes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("question", sa.String(256), nullable=False),
    sa.Column("product_id", sa.String(256), nullable=False),
    sa.Column("first_week", sa.Date, nullable=False),
    sa.Column("noted_at_us", sa.BigInteger, nullable=False),
    sa.Column("before", sa.String(512), nullable=False),
    sa.Column("after", sa.String(512), nullable=False),
)
"""What became otherwise of episodes that had ended, since later data say so: in words, before and after."""

PLAN_DECISIONS = sa.Table(
    "plan_decisions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("question", sa.String(256), nullable=False),
    # by bytes, as SQLite has it, so that pages go on where they ended whatever the database's own order is
    sa.Column("product_id", sa.String(256).with_variant(sa.String(256, "C"), "postgresql"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("request_id", sa.String(128), nullable=False, unique=True),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("decided_at_us", sa.BigInteger, nullable=False),
    sa.Column("decided_on", sa.Date, nullable=False),
    sa.Column("as_of_week", sa.Date, nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("until", sa.Date, nullable=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.UniqueConstraint("question", "product_id", "number", name="uq_plan_decisions_number"),
    sa.Index("ix_plan_decisions_question_id", "question", "id"),
)
"""What planners decided, never changed: see ``data.plans.plan``. ``number``: 1 for the product's first. Times as
``known_from_us``."""

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("digest", sa.JSON, nullable=False),
    sa.Column("created_at_us", sa.BigInteger, nullable=False),
    sa.Column("message_key", sa.String(64), nullable=True, index=True),
    sa.Column("notes", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("first_attempt_at_us", sa.BigInteger, nullable=True),
    sa.Column("next_attempt_at_us", sa.BigInteger, nullable=False),
    sa.Column("last_error", sa.Text, nullable=True),
    sa.Column("sent_at_us", sa.BigInteger, nullable=True),
    sa.Index("ix_outbox_channel_state", "channel", "state"),
)
"""What runs have to say, a row for each run and channel. ``state``: ``pending``; ``sent``; ``given_up``. Rows with the
same ``message_key`` are one message; without one they wait for theirs. Nobody else sends a message before its
``next_attempt_at_us``. Times as ``known_from_us``."""

OUTBOX_FACTS = sa.Table(
    "outbox_facts",
    METADATA,
    sa.Column("channel", sa.String(64), primary_key=True),
    sa.Column("fact_key", sa.String(64), primary_key=True),
)
"""Each change that a channel was told of, or is to be: each is told once."""

OUTBOX_CHANNELS = sa.Table(
    "outbox_channels",
    METADATA,
    sa.Column("channel", sa.String(64), primary_key=True),
    sa.Column("looked_at_us", sa.BigInteger, nullable=False),
)
"""A row for each channel, held by whoever looks for what is to be sent there, and when somebody last did."""
