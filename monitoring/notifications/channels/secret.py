"""Secrets, read when they are needed: no setting holds one, and no sentence."""

from collections.abc import Mapping
from pathlib import Path

from monitoring.notifications.errors import NotSentError
from monitoring.notifications.settings import SecretName


def read_secret(name: SecretName, environment: Mapping[str, str]) -> str:
    """The secret of that name, without the line break at the end of its file.

    Raises:
        NotSentError: If it is not there, or empty.
    """
    if name.file is None:
        secret, where = environment.get(name.env or "", ""), f"the environment variable {name.env}"
    else:
        where = f"the file {name.file}"
        try:
            secret = Path(name.file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NotSentError(
                f"{where} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}"
            ) from error
    if not secret:
        raise NotSentError(f"{where} is not set or empty: it must hold the secret that the settings name there")
    return secret
