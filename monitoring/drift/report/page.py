"""A drift report as one HTML page with its pictures inside, which loads nothing and runs no script."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from feature_service.terminal import visible
from monitoring.drift.alarm.alarms import DRIFTED, UNKNOWN, WATCH
from monitoring.drift.report.pictures import picture_of
from monitoring.drift.report.record import DriftReport

_MOST_PICTURES = 8


def page_of(report: DriftReport) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("monitoring.drift.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["visible"] = visible
    by_name = {each.name: each for each in report.columns}
    shown = [by_name[each.column] for each in report.findings[:_MOST_PICTURES]]
    states = (DRIFTED, WATCH, UNKNOWN)
    return environment.get_template("page.html.jinja").render(
        report=report,
        columns=sorted(
            (each for each in report.columns if each.state in states), key=lambda each: states.index(each.state)
        ),
        pictures=[(each.name, picture_of(each)) for each in shown if each.history],
    )
