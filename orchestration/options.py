"""Luigi's parameters, whose refusal of a value is one sentence that names the option."""

from typing import Any

import luigi

from feature_service.kernel import StockoutError


class OptionError(StockoutError):
    """An option's text means no value.

    Attributes:
        option: As it is typed, e.g. ``--as-of``.
    """

    def __init__(self, option: str, text: str, allowed: str) -> None:
        self.option, self.text = option, text
        super().__init__(f"{option} is {text!r}; it must be {allowed}")


class _Option:
    """Beside a parameter of Luigi's, which knows its own name."""

    allowed: str
    _attribute_name: str

    def parse(self, x: str) -> Any:
        """The value of what was typed.

        Raises:
            OptionError: If it means none.
        """
        try:
            return super().parse(x)  # type: ignore[misc]
        except ValueError as error:
            raise OptionError(f"--{self._attribute_name.replace('_', '-')}", x, self.allowed) from error


LATEST = "latest"


class DateOption(_Option, luigi.DateParameter):
    """A day, or None for ``latest``."""

    allowed = "a day of the calendar, such as 2024-06-16, or latest"

    def parse(self, x: str) -> Any:
        """The day; None where it is ``latest``.

        Raises:
            OptionError: If it means neither.
        """
        return None if x == LATEST else super().parse(x)

    def serialize(self, dt: Any) -> str:
        """As it is typed."""
        return LATEST if dt is None else str(super().serialize(dt))  # type: ignore[no-untyped-call]


class IntOption(_Option, luigi.IntParameter):
    """A whole number."""

    allowed = "a whole number"


class FloatOption(_Option, luigi.FloatParameter):
    """A number."""

    allowed = "a number"


class ChoiceOption(_Option, luigi.ChoiceParameter):
    """One of some words."""

    @property
    def allowed(self) -> str:  # type: ignore[override]
        """For the refusal."""
        return f"one of {', '.join(sorted(self._choices))}"
