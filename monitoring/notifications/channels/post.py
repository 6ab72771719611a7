"""One POST over HTTP, within a time, to one host and no other."""

import httpx

from feature_service.terminal import visible
from monitoring.notifications.address import origin
from monitoring.notifications.errors import NotSentError

_TIMEOUT_S = 10
_MOST_BYTES = 4_096
_MOST_QUOTED = 200


def post(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Send a JSON document; nothing of the answer counts but its status. No redirect is followed.

    Raises:
        NotSentError: If it was not taken. The sentence names the host and nothing else of the address.
    """
    try:
        where = origin(url)
    except ValueError as error:
        raise NotSentError(f"the address {error}") from None
    extensions = {"timeout": httpx.Timeout(_TIMEOUT_S).as_dict()}
    request = httpx.Request(
        "POST", url, content=body, headers={"Content-Type": "application/json", **headers}, extensions=extensions
    )
    try:
        # not httpx.Client, which logs every address, and Slack's is a secret
        with httpx.HTTPTransport() as transport:
            response = transport.handle_request(request)
            _refuse(response, where)
    except httpx.TimeoutException as error:
        raise NotSentError(f"{where} gave no answer within {_TIMEOUT_S} s") from error
    except httpx.TransportError as error:
        raise NotSentError(f"{where} cannot be reached: {error}") from error


def _refuse(response: httpx.Response, where: str) -> None:
    if response.is_success:
        return
    if response.has_redirect_location:
        raise NotSentError(f"{where} answered {response.status_code}, a redirect, which is not followed: name its aim")
    answer = b""
    for chunk in response.iter_raw(_MOST_BYTES):
        answer += chunk
        if len(answer) >= _MOST_BYTES:
            break
    said = visible(answer.decode("utf-8", "replace").strip()[:_MOST_QUOTED])
    retry_after = response.headers.get("Retry-After", "")
    raise NotSentError(
        f"{where} answered {response.status_code}" + (f": {said}" if said else ""),
        float(retry_after) if retry_after.isdecimal() else None,
    )
