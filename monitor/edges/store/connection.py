"""Speaking to the server: one place for time-outs and for saying plainly what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
    WatchError,
)

from monitor.core.errors import Unavailable

# A MULTI block being filled; see Connected for why its type says nothing.
Pipeline = Any
# Share of the server's memory from which on room is made.
_FULL = 0.8
# Seconds. A frozen server must not freeze us (reference: fault F11).
_ANSWER, _CONNECT = 5.0, 3.0


class Connected:
    """A connection to the store; what every part of the store is built on."""

    def __init__(self, url: str) -> None:
        self._url = without_password(url)
        try:
            # Any: redis-py types every answer as bytes or str, whatever decode_responses says.
            self._redis: Any = redis.Redis.from_url(
                url,
                decode_responses=True,
                socket_timeout=_ANSWER,
                socket_connect_timeout=_CONNECT,
                health_check_interval=25,
            )
        except ValueError:
            raise Unavailable(f"store URL {self._url} cannot be used: it is malformed") from None

    def ping(self) -> None:
        """Raise Unavailable unless the server answers."""
        with self.reached():
            self._redis.ping()

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Turn what a server may do into one sentence (Unavailable); bugs stay loud."""
        try:
            yield
        except WatchError:
            raise
        except RedisError as error:
            if (why := _explain(error)) is None:
                raise
            raise Unavailable(f"store {self._url}: {why}") from None

    def _over(self) -> int:
        """Bytes by which the server uses more than four fifths of the memory it may; 0 where it
        does not, or has no bound.
        """
        found = self._redis.info("memory")
        limit = int(found.get("maxmemory", 0))
        return max(0, int(found["used_memory"]) - int(limit * _FULL)) if limit else 0

    def _conditional(
        self, watched: list[str], attempt: Callable[[redis.client.Pipeline], bool]
    ) -> bool:
        """Run a write that holds only if none of the watched keys changes meanwhile.

        `attempt` reads, then opens MULTI, queues its writes and returns True, or returns
        False to write nothing. Returns whether it was written.
        """
        with self.reached(), self._redis.pipeline() as pipe:
            try:
                pipe.watch(*watched)
                if not attempt(pipe):
                    return False
                pipe.execute()
            except WatchError:
                return False
        return True


def without_password(url: str) -> str:
    """A store URL fit to be shown: scheme, host, port and path, and nothing else."""
    scheme, _, rest = url.partition("://")
    if scheme == "unix":
        return url.partition("?")[0]
    host = re.split(r"[/?#]", rest.rpartition("@")[2])[0]
    return f"{scheme}://{host}"


def _explain(error: RedisError) -> str | None:
    """What people should know; None for an answer that only a bug can cause."""
    if isinstance(error, AuthenticationError):
        return "refuses our user or password"
    if isinstance(error, TimeoutError):
        return f"does not answer within {_ANSWER:g} s"
    if isinstance(error, BusyLoadingError):
        return "is still loading its data"
    if isinstance(error, ConnectionError):
        return "cannot be reached"
    if isinstance(error, OutOfMemoryError):
        return "is full (maxmemory reached)"
    if isinstance(error, ReadOnlyError):
        return "is a read-only replica"
    return _explain_answer(error) if isinstance(error, ResponseError) else None


def _explain_answer(error: ResponseError) -> str | None:
    said = str(error)
    if said.startswith("MISCONF") or "MISCONF" in said:
        return "cannot write to its disk"
    if "OOM" in said or "EXECABORT" in said:
        return "is full (maxmemory reached)"
    if said.startswith(("NOAUTH", "NOPERM", "WRONGPASS")):
        return "refuses our user or password"
    return None
