"""What our commands print for people: text from outside cannot steer the terminal, and lost output is told."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNWRITABLE = 4
"""The exit code of a command whose output could not be written."""

# C0 and C1 controls, line and paragraph separator, bidi embeddings, overrides and isolates, bytes that were no text
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""The text with every character that would steer a terminal written out: ``\x1b``, ``\n``, ``\u202e``."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def json_escaped(document: str) -> str:
    r"""A JSON document with the same characters as JSON's own escapes, so that it means the same.

    Args:
        document: As ``json.dumps`` gives it: line breaks stand between its values only.
    """
    return _STEERING.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", document)


@contextmanager
def command_output(command: str) -> Iterator[None]:
    """Flush what the block prints on standard output; if it cannot be written, exit with :data:`UNWRITABLE`.

    A full disk is told in a sentence. A reader who went away, as ``head`` does, knows, and is told nothing.

    Args:
        command: The name that the sentence begins with.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout:  # there is none where it was closed
                sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:  # some other file
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would try once more when it ends
        if not isinstance(error, BrokenPipeError):
            print(f"{command}: the output cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201
        sys.exit(UNWRITABLE)
