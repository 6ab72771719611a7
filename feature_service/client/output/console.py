"""Where tables are printed."""

import os

from rich.console import Console

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
