"""The risk server, as each planner may ask it."""

import time

from feature_service.client import AsyncRiskClient, RefusedError, Secrets
from planner.board.keeper import PLANS_OFF

UNAUTHENTICATED = "UNAUTHENTICATED"
_REMEMBERED_S = 30.0


class Service:
    """Opens a client for each token and question, once. Use it within one running event loop.

    Args:
        target: See ``Settings``.
        secrets: TLS towards it.
        timeout_s: Longest wait for a call, in seconds.
    """

    def __init__(self, target: str, secrets: Secrets, timeout_s: float) -> None:
        self.target = target
        self._secrets, self._timeout_s = secrets, timeout_s
        self._clients: dict[tuple[str, str], AsyncRiskClient] = {}
        self._wants_token = False
        self._asked_at = -_REMEMBERED_S

    def client(self, token: str, question: str = "") -> AsyncRiskClient:
        """Asks ``question``, by default the server's own; an empty token is none.

        Raises:
            CredentialsError: If the files of the secrets cannot be used, or there is a token and no TLS.
        """
        key = token, question
        if key not in self._clients:
            credentials = self._secrets.credentials_with(token)
            self._clients[key] = AsyncRiskClient(self.target, self._timeout_s, credentials, question)
        return self._clients[key]

    async def wants_token(self) -> bool:
        """Whether the server refuses who has none.

        Raises:
            ClientError: If it does not answer.
        """
        if time.monotonic() - self._asked_at > _REMEMBERED_S:
            try:
                await self.client("").info()
                self._wants_token = False
            except RefusedError as error:
                self._wants_token = error.code == UNAUTHENTICATED
            self._asked_at = time.monotonic()
        return self._wants_token

    async def admit(self, token: str) -> None:
        """Look whether a token may ask for all that the pages show.

        Raises:
            RefusedError: If it may not, or nobody was given it.
            ClientError: If the server does not answer.
        """
        client = self.client(token)
        await client.info()
        risks = client.stream()
        await anext(risks, None)
        await risks.aclose()  # type: ignore[attr-defined]  # it is a generator
        try:
            await client.decisions(limit=1)
            await client.list_plans(limit=1)
        except RefusedError as error:
            if error.reason != PLANS_OFF:
                raise

    async def check(self, token: str) -> None:
        """Look whether a token that was admitted still holds.

        Raises:
            RefusedError: If it was withdrawn.
            ClientError: If the server does not answer.
        """
        await self.client(token).info()

    async def forget(self, token: str) -> None:
        """Close the clients of a token that nobody uses any more."""
        for key in [each for each in self._clients if each[0] == token]:
            await self._clients.pop(key).close()

    async def close(self) -> None:
        """Close all clients."""
        for token in {key[0] for key in self._clients}:
            await self.forget(token)
