"""A fresh server for each test, plain and with a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.edges.net.client import tls_context
from tests.certificate import context_of, self_signed
from tests.feed_server import FeedServer


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a self-signed certificate for feeds.test and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"), "DNS:feeds.test")


@pytest.fixture
def secure(certificate: Path) -> Iterator[FeedServer]:
    with FeedServer(tls=context_of(certificate)) as secure:
        yield secure


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The system trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()
