import numpy as np

from training.metrics.alerts import weeks_of_alert


def test_an_alert_counts_the_weeks_it_has_stood_without_a_break() -> None:
    week = np.array([4, 5, 6, 7, 6, 7])
    product = np.array([0, 0, 0, 0, 1, 1])
    alert = np.array([True, False, True, True, False, True])
    np.testing.assert_array_equal(weeks_of_alert(alert, product, week), [1, 0, 1, 2, 0, 1])
