"""Every kind of store: the embedded Valkey, Debian's Redis, and the one in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from monitor.edges.store.memory import MemoryStore
from monitor.edges.store.redis import RedisStore
from tests.servers import PASSWORD, debian_redis, embedded_store, least_rights, short_folder


@pytest.fixture(scope="session")
def urls() -> Iterator[dict[str, str]]:
    with (
        short_folder() as one,
        short_folder() as two,
        embedded_store(one) as valkey,
        debian_redis(two, "--aclfile", str(least_rights(two))) as debian,
    ):
        yield {"embedded": valkey, "debian": debian}


@pytest.fixture(
    params=[
        "memory",
        pytest.param("embedded", marks=pytest.mark.slow),
        pytest.param("debian", marks=pytest.mark.slow),
    ]
)
def store(request: pytest.FixtureRequest) -> Iterator[RedisStore | MemoryStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    url = request.getfixturevalue("urls")[request.param]
    redis.Redis.from_url(url).flushall()
    # With the rights that docs/production.md gives us, so that no command of ours lacks its own.
    limited = url.replace("://", f"://monitor:{PASSWORD}@") if request.param == "debian" else url
    made = RedisStore(limited)
    yield made
    made.close()
