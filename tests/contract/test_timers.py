"""What is shipped to start the weekly run by itself starts what the README says, with options that Luigi takes."""

import configparser
import re
import shlex
from pathlib import Path

import pytest
import yaml
from luigi.cmdline_parser import CmdlineParser

from orchestration import StockoutWeekly

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "deploy/systemd/stockout-weekly.service"
TIMER = ROOT / "deploy/systemd/stockout-weekly.timer"


def unit(file: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string(file.read_text(encoding="utf-8"))
    return parsed


def commands() -> dict[str, str]:
    cron = (ROOT / "deploy/cron/stockout-weekly").read_text(encoding="utf-8")
    (line,) = [each for each in cron.splitlines() if each and not each.startswith("#")]
    timed = re.fullmatch(r"(\S+ ){5}stockout (?P<command>cd \S+ && .+)", line)
    assert timed is not None
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["weekly"]
    return {
        "systemd": unit(SERVICE)["Service"]["ExecStart"],
        "cron": timed["command"].partition(" && ")[2],
        "compose": compose["command"][2].partition(";")[0],
    }


@pytest.mark.parametrize("name", ["systemd", "cron", "compose"])
def test_a_timer_starts_the_weekly_run_with_options_that_it_takes(name: str) -> None:
    program, *words = shlex.split(commands()[name])
    assert Path(program).name == "luigi"
    with CmdlineParser.global_instance(words) as parser:
        task = parser.get_task_obj()
    assert isinstance(task, StockoutWeekly)
    assert Path(task.settings).name == "stockout.toml"


def test_the_timer_makes_up_for_a_start_that_was_missed() -> None:
    timer = unit(TIMER)
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Timer"]["OnCalendar"] == "hourly"
    assert timer["Install"]["WantedBy"] == "timers.target"


def test_the_service_has_no_rights_that_the_run_does_not_need() -> None:
    service = unit(SERVICE)["Service"]
    assert (service["Type"], service["User"]) == ("oneshot", "stockout")
    assert service["NoNewPrivileges"] == "true"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
