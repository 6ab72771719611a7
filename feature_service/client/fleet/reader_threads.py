"""Several streams read at the same time without asyncio: gRPC lets a thread wait for one of them only."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Semaphore, Thread
from typing import Any

import grpc


class ReaderThreads:
    """A thread for each stream, which reads a message ahead of what was taken of its stream and no more."""

    def __init__(self, streams: Mapping[int, Any]) -> None:
        self._streams = streams
        self._came: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        self._turns = {server: Semaphore() for server in streams}
        self._threads = [Thread(target=self._read, args=(server,), daemon=True) for server in streams]
        for each in self._threads:
            each.start()

    def take(self, timeout_s: float | None) -> tuple[int, Any]:
        """The message that came next, and whose; None is the end of a stream, and an error of gRPC's is one, too.

        Raises:
            TimeoutError: If none came in time.
        """
        try:
            server, message = self._came.get(timeout=timeout_s)
        except Empty:
            raise TimeoutError from None
        self._turns[server].release()
        return server, message

    def close(self) -> None:
        """Cancel the streams and wait for the threads' end."""
        for server, stream in self._streams.items():
            stream.cancel()
            self._turns[server].release()
        for each in self._threads:
            each.join()

    def _read(self, server: int) -> None:
        turn = self._turns[server]
        try:
            for message in self._streams[server]:
                turn.acquire()
                self._came.put((server, message))
            self._came.put((server, None))
        except grpc.RpcError as error:
            self._came.put((server, error))


@contextmanager
def reader_threads(streams: Mapping[int, Any]) -> Iterator[ReaderThreads]:
    """Threads that are gone at the end."""
    readers = ReaderThreads(streams)
    try:
        yield readers
    finally:
        readers.close()
