"""Who calls, for the methods that must know it."""

from contextvars import ContextVar

token_holder: ContextVar[str | None] = ContextVar("token_holder", default=None)
"""To whom the token of the call that is being answered was given; None where the server wants none."""
