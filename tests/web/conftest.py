"""One service with everything in its store, for all tests that only look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from monitor.service.checking import read_settings
from monitor.service.wiring import Service
from tests.servers import embedded_store, short_folder
from tests.web import world


@contextmanager
def filled(more: str = "") -> Iterator[Service]:
    """A service whose store holds the world; `more` is for its [web] table."""
    with short_folder() as folder, embedded_store(folder / "store") as url:
        service = Service(read_settings(str(world.config(folder, url, more=more))))
        try:
            world.fill(service.store, service.policy, datetime.now(UTC))
            yield service
        finally:
            service.close()


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with filled() as made:
        yield made


@pytest.fixture(scope="session")
def guarded() -> Iterator[Service]:
    """Another one, with a token, where things are done."""
    with filled(f'token = "{world.TOKEN}"') as made:
        yield made
