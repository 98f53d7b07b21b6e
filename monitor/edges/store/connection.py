"""Speaking to the server: one place for time-outs and for saying plainly what is wrong."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.connection import Connection, ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
    WatchError,
)
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool

from monitor.core.errors import Unavailable, Unusable
from monitor.core.storeurl import StoreUrl, parse_store_url
from monitor.edges.store import keys

# A MULTI block being filled; see Connected for why its type says nothing.
Pipeline = Any
# The version by which records are written. Raise it with a change that an earlier program would
# misread, and bring older records up to it in `_check`.
FORMAT = 1
# Share of the server's memory from which on room is made.
_FULL = 0.8
# Seconds. A frozen server must not freeze us (reference: fault F11).
_ANSWER, _CONNECT = 5.0, 3.0
PATIENCE = {"socket_timeout": _ANSWER, "socket_connect_timeout": _CONNECT}


class Connected:
    """A connection to the store; what every part of the store is built on."""

    def __init__(self, url: str) -> None:
        self._url = without_password(url)
        try:
            pool = _pool(parse_store_url(url))
        except ValueError:
            raise Unavailable(f"store URL {self._url} cannot be used: it is malformed") from None
        # Any: redis-py types every answer as bytes or str, whatever decode_responses says.
        self._redis: Any = redis.Redis.from_pool(pool)
        self._checked = False

    def ping(self) -> None:
        """Raise Unavailable unless the server answers."""
        with self.reached():
            self._redis.ping()

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Turn what a server may do into one sentence (Unavailable); bugs stay loud. The first
        time, raise Unusable if what is stored there is not for us to read or write.
        """
        try:
            if not self._checked:
                self._check()
            yield
        except WatchError:
            raise
        except RedisError as error:
            if (why := _explain(error)) is None:
                raise
            raise Unavailable(f"store {self._url}: {why}") from None

    def _check(self) -> None:
        """Look once who wrote here. A store without a mark is new, or of the first format."""
        try:
            found = self._redis.get(keys.FORMAT)
        except UnicodeDecodeError:
            found = "?"
        except RedisError as error:
            # Anybody answers this much who speaks the protocol.
            if not isinstance(error, ResponseError) and _explain(error) is None:
                raise Unusable(f"store {self._url}: {_NO_REDIS}") from None
            if not str(error).startswith("WRONGTYPE"):
                raise
            found = "?"
        if found is None:
            # A replica takes no mark, nor does a server that is full.
            with suppress(ResponseError):
                self._redis.set(keys.FORMAT, str(FORMAT), nx=True)
        elif why := _foreign(found):
            raise Unusable(f"store {self._url}: {why}")
        self._checked = True

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


def _foreign(found: str) -> str | None:
    """Why a store with this mark is not ours to use."""
    if re.fullmatch("[1-9][0-9]{0,8}", found) is None:
        return f"its key {keys.FORMAT} holds no version: it is damaged, or another program's"
    if int(found) <= FORMAT:
        return None
    return (
        f"this store was written by a newer monitor (format {found}; this one knows up to "
        f"{FORMAT}): upgrade, or restore the backup"
    )


def _pool(url: StoreUrl) -> ConnectionPool:
    """Connections to the server, or to whichever its sentinels call the master by then."""
    common: dict[str, Any] = {
        **PATIENCE,
        **(url.tls or {}),
        "db": url.db,
        "username": url.user or None,
        "password": url.password or None,
        "decode_responses": True,
        "health_check_interval": 25,
    }
    if url.path:
        del common["socket_connect_timeout"]
        return ConnectionPool(UnixDomainSocketConnection, path=url.path, **common)
    if not url.master:
        ((host, port),) = url.hosts
        kind = Connection if url.tls is None else SSLConnection
        return ConnectionPool(kind, host=host, port=port, **common)
    # Any: redis-py has no types for these two.
    ask, pool_of = cast("Any", Sentinel), cast("Any", SentinelConnectionPool)
    sentinels = ask(url.hosts, sentinel_kwargs=to_sentinels(url))
    found: ConnectionPool = pool_of(url.master, sentinels, ssl=url.tls is not None, **common)
    return found


def to_sentinels(url: StoreUrl) -> dict[str, Any]:
    """How the sentinels are spoken to. The next one is asked instead of the same one again."""
    return {
        **PATIENCE,
        **(url.tls or {}),
        "ssl": url.tls is not None,
        "username": url.sentinel_user or None,
        "password": url.sentinel_password or None,
        "retry": Retry(NoBackoff(), 0),
    }


def without_password(url: str) -> str:
    """A store URL fit to be shown: scheme, hosts and ports or path, and nothing else."""
    try:
        return parse_store_url(url).shown
    except ValueError:
        # Where its host begins cannot be told from where a password ends.
        return "that was configured"


_NO_REDIS = "what answers there is no Redis or Valkey"


def _explain(error: RedisError) -> str | None:
    """What people should know; None for an answer that only a bug can cause."""
    if isinstance(error, AuthenticationError):
        return "refuses our user or password"
    if isinstance(error, MasterNotFoundError):
        return "no sentinel that answers us knows a living master of this name"
    if isinstance(error, TimeoutError):
        return f"does not answer within {_ANSWER:g} s"
    if isinstance(error, BusyLoadingError):
        return "is still loading its data"
    if isinstance(error, ConnectionError):
        return _explain_tls(error) or "cannot be reached"
    if isinstance(error, OutOfMemoryError):
        return "is full (maxmemory reached)"
    if isinstance(error, ReadOnlyError):
        return "is a read-only replica"
    return _explain_answer(error) if isinstance(error, ResponseError) else None


def _explain_answer(error: ResponseError) -> str | None:
    said = str(error)
    if isinstance(error, NoPermissionError) or "NOPERM" in said or "ACL failure" in said:
        return "does not permit our user something that we need (ACL)"
    if "NOREPLICAS" in said:
        return "has too few replicas that keep up (min-replicas-to-write)"
    if "MISCONF" in said:
        return "cannot write to its disk"
    if "OOM" in said or "EXECABORT" in said:
        return "is full (maxmemory reached)"
    if said.startswith(("NOAUTH", "WRONGPASS")):
        return "refuses our user or password"
    return None


def _explain_tls(error: BaseException) -> str | None:
    """What went wrong with TLS, if that is below an error; redis-py keeps it as its context."""
    while (below := error.__cause__ or error.__context__) is not None:
        if isinstance(below, ssl.SSLCertVerificationError):
            return f"shows a certificate that we do not trust ({below.verify_message})"
        if isinstance(below, ssl.SSLError):
            return "does not speak TLS with us"
        error = below
    return None
