"""Answers to requests about one product, by the request's bytes: from one snapshot the same bytes get the same answer.

Most requests of most clients are about one product, and parsing, checking and joining then cost more than the answer.
"""

MAX_REQUEST_BYTES = 512
"""Longer ones hold fields that this API does not know, which nobody sends twice."""

MAX_BYTES = 16 * 1024 * 1024
"""Some 40,000 answers without reasons."""


class Remembered:
    """Bounded; when it is full it forgets everything, so that nobody can fill it with ids that he made up for long."""

    def __init__(self) -> None:
        self._answers: dict[bytes, bytes] = {}
        self._bytes = 0
        self.get = self._answers.get

    def keep(self, request: bytes, answer: bytes) -> None:
        """Remember an answer to a request about one product."""
        if len(request) > MAX_REQUEST_BYTES:
            return
        if self._bytes > MAX_BYTES:
            self.clear()
        self._bytes += len(request) + len(answer)
        self._answers[request] = answer

    def clear(self) -> None:
        """Forget everything."""
        self._answers.clear()
        self._bytes = 0
