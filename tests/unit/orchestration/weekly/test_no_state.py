"""A weekly run whose state cannot be used still says so to whoever is named."""

import json
from pathlib import Path

import pytest

from data.errors import StateError
from orchestration.weekly.weekly_tasks import StockoutWeekly
from tests.support.receivers import http_receiver

SETTINGS = """
work_dir = "work"
[[question]]
label = "inventory"
[[notify.webhook]]
name = "planner"
url = "http://127.0.0.1:{port}/"
secret_file = "secret"
[[notify.webhook]]
name = "of-alerts"
url = "http://127.0.0.1:{port}/"
secret_file = "secret"
on = ["alerts"]
"""


def test_where_the_state_cannot_be_used_each_channel_that_wants_failures_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOCKOUT_STATE_URL", f"sqlite:///{tmp_path}")
    (tmp_path / "secret").write_text("no secret")
    with http_receiver(tmp_path / "hook") as receiver:
        (tmp_path / "stockout.toml").write_text(SETTINGS.format(port=receiver.port))
        with pytest.raises(StateError) as raised:
            StockoutWeekly(settings=tmp_path / "stockout.toml").run()  # type: ignore[no-untyped-call]
    (got,) = receiver.got()
    said = json.loads(got["body"])
    assert said["channel"] == "planner"
    assert said["failures"] == [{"stage": "state", "sentence": str(raised.value)}]
