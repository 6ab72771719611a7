"""A check as one HTML page, which loads nothing and runs no script."""

import tempfile
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from data.command.facts import DataCheck
from data.command.lead_times import COLUMNS, lead_time_rows
from data.errors import OutputFileError


def write_page(check: DataCheck, to: Path) -> None:
    """Write the page, whole or not at all; whatever the files hold is text in it, never markup.

    Raises:
        OutputFileError: If it cannot be written.
    """
    environment = Environment(
        loader=PackageLoader("data.command", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("check.html.jinja").render(
        check=check, verdict=check.verdict, lead_time_columns=COLUMNS, lead_times=lead_time_rows(check.lead_times)
    )
    try:
        with tempfile.NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}.", delete=False) as file:
            part = Path(file.name)
            try:
                file.write(page.encode("utf-8", "replace"))
                file.close()
                part.chmod(0o644)
                part.replace(to)
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputFileError(f"{to} cannot be written ({error.strerror}): name another --html") from error
