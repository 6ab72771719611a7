"""What a setting may be, as the command line of a run is taken."""

from pathlib import Path

import pytest
from luigi.cmdline_parser import CmdlineParser

import orchestration
from training.errors import SettingError


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--target-recall=1.5", "--target-recall is 1.5; it must be above 0 and at most 1"),
        ("--cost-of-miss=-2", "--cost-of-miss is -2.0; it must be a number above 0"),
        ("--cost-of-false-alarm=nan", "--cost-of-false-alarm is nan; it must be a number above 0"),
        ("--refit-every=-1", "--refit-every is -1; it must be at least 1 week, or 0 to go by the number of rows"),
        ("--backtest-weeks=1", "--backtest-weeks is 1; it must be at least 8"),
        ("--search-trials=-1", "--search-trials is -1; it must be 0 or more"),
        ("--lead-time-days=-1", "--lead-time-days is -1; it must be 0 to"),
        ("--seed=-1", "--seed is -1; it must be 0 to"),
    ],
)
def test_a_setting_out_of_its_range_is_named_with_its_value_and_its_range(
    tmp_path: Path, option: str, sentence: str
) -> None:
    places = ["--source=olist", f"--data-dir={tmp_path}", f"--work-dir={tmp_path / 'work'}"]
    words = ["StockoutPipeline", *places, "--as-of=2018-08-26", "--label=zero_sales", option]
    with CmdlineParser.global_instance(words) as parser:
        task = parser.get_task_obj()
    assert isinstance(task, orchestration.StockoutPipeline)
    with pytest.raises(SettingError) as refused:
        task.check()
    assert sentence in str(refused.value)
    assert not (tmp_path / "work").exists()
