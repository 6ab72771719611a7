"""What argparse refuses of Luigi's command line, as one sentence instead of every option there is."""

import argparse
import difflib
import re
import sys
from typing import Any, NoReturn

from luigi.cmdline_parser import CmdlineParser

from feature_service.terminal import visible

_UNKNOWN = "unrecognized arguments: "
_OPTION = re.compile(r"^  (--[a-z][a-z-]*)", re.MULTILINE)
_EXIT_CODE = 2
"""As argparse has it."""


class _Parser(argparse.ArgumentParser):
    """A parser that prints no usage before what is wrong."""

    def error(self, message: str) -> NoReturn:
        """End the program."""
        unknown = message.startswith(_UNKNOWN)
        sentence = _unknown(message.removeprefix(_UNKNOWN), self.format_help()) if unknown else message
        sys.stderr.write(f"ERROR: {visible(sentence)}\n")
        sys.exit(_EXIT_CODE)


def _unknown(arguments: str, help_text: str) -> str:
    """The sentence about arguments that no option takes, and options that may be meant."""
    first = arguments.split(maxsplit=1)[0]
    if not first.startswith("-"):
        return f"{arguments!r} belongs to no option: a value that holds blanks goes into quotes"
    name = first.split("=")[0]
    near = difflib.get_close_matches(name, dict.fromkeys(_OPTION.findall(help_text)))
    meant = f"did you mean {' or '.join(near)}?" if near else "--help says which there are"
    return f"there is no option {name}: {meant}"


def refuse_in_a_sentence() -> None:
    """Let the parsers that Luigi builds from now on refuse as this module does; Luigi has no setting for it."""
    build = CmdlineParser._build_parser  # noqa: SLF001

    def build_parser(*arguments: Any, **options: Any) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = build(*arguments, **options)  # type: ignore[no-untyped-call]
        parser.__class__ = _Parser
        return parser

    CmdlineParser._build_parser = staticmethod(build_parser)  # type: ignore[method-assign]  # noqa: SLF001
