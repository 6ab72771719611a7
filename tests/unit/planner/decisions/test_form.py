"""A decision is what its form says, or what is missing for it."""

import datetime as dt

import pytest

from feature_service.client import Acknowledgement, Comment, Dismissal, Reopening, Snooze
from planner.decisions.form import Missing, action_of


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"action": "acknowledgement"}, Acknowledgement()),
        ({"action": "reopening"}, Reopening()),
        ({"action": "snooze", "until": "2024-08-05"}, Snooze(dt.date(2024, 8, 5))),
        ({"action": "snooze", "until": "5.8."}, Missing.DAY),
        ({"action": "dismissal", "text": " not\nsold any more "}, Dismissal("not sold any more")),
        ({"action": "dismissal", "text": " "}, Missing.TEXT),
        ({"action": "comment", "text": "=1+1 <b>"}, Comment("=1+1 <b>")),
        ({"action": "comment"}, Missing.TEXT),
        ({"action": "delete"}, Missing.ACTION),
        ({}, Missing.ACTION),
    ],
)
def test_a_form_says_what_is_decided(form: dict[str, str], expected: object) -> None:
    assert action_of(form) == expected
