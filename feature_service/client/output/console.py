"""Where answers are printed."""

import os
from collections.abc import Callable

import click
from rich.console import Console, RenderableType

from feature_service.client.options import OutputFormat
from feature_service.client.output.fitting import AMPLE


class FullWidthConsole(Console):
    """As wide as the terminal; what no terminal shows is as wide as it needs to be, unless ``COLUMNS`` says.

    It leaves a closed pipe to :func:`command_output`.
    """

    def __init__(self) -> None:
        super().__init__()
        if not self.is_terminal and "COLUMNS" not in os.environ:
            self.width = AMPLE

    def on_broken_pipe(self) -> None:
        """Leave it to who handles it."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


def print_answer(
    output_format: OutputFormat,
    table: Callable[[], RenderableType],
    as_json: Callable[[], str],
    as_csv: Callable[[], str],
) -> None:
    """Print an answer in the form that is asked for; only that is made."""
    if output_format == "table":
        FullWidthConsole().print(table(), crop=False)
    else:
        click.echo(as_json() if output_format == "json" else as_csv(), nl=output_format == "json")
