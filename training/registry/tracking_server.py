"""Whether the MLflow tracking server answers, and its address without a password. MLflow itself tries for minutes."""

import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from training.errors import RegistryError

_PROBE_TIMEOUT_S = 10


def probe(tracking_uri: str) -> None:
    """Ask an HTTP server for its health, once: MLflow itself would try for minutes before it gives up."""
    if not tracking_uri.startswith(("http://", "https://")):
        return
    health = f"{public(tracking_uri).rstrip('/')}/health"  # urllib would take user and password for part of the host
    try:
        with urllib.request.urlopen(health, timeout=_PROBE_TIMEOUT_S):  # noqa: S310 (http, see above)
            pass
    except urllib.error.HTTPError:
        pass  # it answers: whether it accepts the path and the login is for the real call to find out
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise RegistryError(
            f"the MLflow server {public(tracking_uri)} does not answer ({reason}): start it, or unset "
            "MLFLOW_TRACKING_URI to use a database file in the work dir"
        ) from error


def public(tracking_uri: str) -> str:
    """The URI without user and password."""
    parts = urlsplit(tracking_uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else tracking_uri
