"""Subscriptions to hubs that work, lie, deny and never answer; what they push, and who else does.

A real store, a real endpoint and a hub on loopback; the clock is the test's.
"""

from __future__ import annotations

import hashlib
import hmac
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import redis
import structlog

from monitor.core import models
from monitor.core.commit import Commit
from monitor.core.errors import Unavailable
from monitor.core.websub import Stage, Subscription
from monitor.edges.store.redis import RedisStore
from tests import make
from tests.feed_server import FeedServer, raw, reply
from tests.hub import Hub, call, denies, lies, verifies
from tests.servers import embedded_store, short_folder
from tests.service.endpoints import KEY, TOPIC, Endpoints, free_port, names_hub
from tests.service.running import newsroom, service, title, wait_until, write_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

DAY = 86_400.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with short_folder() as folder, embedded_store(folder) as url:
        yield url


@pytest.fixture
def store(url: str) -> Iterator[RedisStore]:
    redis.Redis.from_url(url).flushall()
    made = RedisStore(url)
    yield made
    made.close()


@pytest.fixture
def hub(store: RedisStore) -> Iterator[Hub]:
    """A hub that works, named by FEED."""
    with FeedServer() as server:
        made = Hub(server, verifies)
        names_hub(store, made.url)
        yield made


@pytest.fixture
def ends(store: RedisStore, hub: Hub) -> Iterator[Endpoints]:
    with Endpoints(store, {KEY: make.FEED}) as running:
        yield running


# -- agreeing ------------------------------------------------------------------------


def test_a_feed_that_names_a_hub_is_subscribed_and_polling_knows(ends: Endpoints, hub: Hub) -> None:
    one = ends.becomes(Stage.VERIFIED)
    (form,) = hub.asked
    assert form["hub.callback"] == f"{ends.base}/{one.token}"
    assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", TOPIC)
    assert (form["hub.lease_seconds"], form["hub.secret"]) == ("864000", one.secret)
    assert len(one.token) > 40
    assert hub.confirmed == [("subscribe", 200, "a challenge & more")]
    wait_until(lambda: ends.store.feed_state(KEY).push.until == one.expires, 5, "a promise")
    assert ends.store.feed_state(KEY).push.last is None
    assert ends.store.gauges(ends.clock(), ()).websub.subscriptions == {"verified": 1}


def test_a_challenge_is_answered_as_plain_text_only(ends: Endpoints, hub: Hub) -> None:
    ends.becomes(Stage.VERIFIED)
    status, text, headers = hub.verify(hub.asked[0], challenge="<script>")
    assert (status, text) == (200, "<script>")
    assert headers["Content-Type"].startswith("text/plain")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert hub.verify(hub.asked[0], challenge="c" * 3_000)[0] == 404


def test_a_lease_is_renewed_before_it_ends_under_the_same_address(
    ends: Endpoints, hub: Hub
) -> None:
    first = ends.becomes(Stage.VERIFIED)
    ends.clock.ahead = 8 * DAY
    wait_until(lambda: len(hub.confirmed) == 2, 10, "a renewal")
    again, form = ends.one, hub.asked[1]
    assert (again.token, again.secret) == (first.token, first.secret)
    assert form == hub.asked[0]
    assert first.expires is not None
    assert again.expires is not None
    assert again.expires > first.expires + timedelta(days=7)


def test_a_verification_that_nobody_asked_for_is_refused(ends: Endpoints, hub: Hub) -> None:
    ends.becomes(Stage.VERIFIED)
    form = hub.asked[0]
    ends.clock.ahead = 7_200
    assert hub.verify(form)[0] == 404
    assert hub.verify(form, mode="unsubscribe")[0] == 404
    assert hub.verify(form | {"hub.callback": f"{ends.base}/{KEY}.guessed"})[0] == 404
    assert hub.verify(form | {"hub.callback": f"{ends.base}/%FF%ED%A0%80" + "x" * 500})[0] == 404
    assert call(ends.base)[0] == 404


def test_a_hub_that_lies_about_the_topic_is_never_believed(store: RedisStore) -> None:
    with FeedServer() as server, Endpoints(store, {KEY: make.FEED}) as ends:
        hub = Hub(server, lies)
        names_hub(store, hub.url)
        wait_until(lambda: hub.confirmed == [("subscribe", 404, "")], 10, "a verification")
        assert ends.one.state is Stage.ASKED


def test_a_hub_that_never_verifies_is_given_up_after_an_hour_and_asked_again(
    store: RedisStore,
) -> None:
    with FeedServer() as server, Endpoints(store, {KEY: make.FEED}) as ends:
        hub = Hub(server)
        names_hub(store, hub.url)
        ends.becomes(Stage.ASKED)
        time.sleep(0.3)
        ends.clock.ahead = 3_610
        one = ends.becomes(Stage.FAILED, tries=1)
        assert "did not verify" in one.why
        assert ends.store.feed_state(KEY).push.until is None
        ends.clock.ahead += 310
        wait_until(lambda: len(hub.asked) == 2, 10, "another try")
        assert hub.verify(hub.asked[0])[0] == 200
        ends.becomes(Stage.VERIFIED, tries=0)


def test_a_denial_is_recorded_and_tried_again_in_a_day(store: RedisStore) -> None:
    with FeedServer() as server, Endpoints(store, {KEY: make.FEED}) as ends:
        hub = Hub(server, denies)
        names_hub(store, hub.url)
        one = ends.becomes(Stage.DENIED)
        assert one.why == "this topic is not ours"
        ends.clock.ahead = DAY - 60
        time.sleep(0.3)
        assert len(hub.asked) == 1
        hub.behaves = verifies
        ends.clock.ahead = DAY + 60
        ends.becomes(Stage.VERIFIED)


def test_a_denial_of_what_held_ends_it(ends: Endpoints, hub: Hub) -> None:
    ends.becomes(Stage.VERIFIED)
    wait_until(lambda: ends.store.feed_state(KEY).push.until is not None, 5, "a promise")
    assert hub.verify(hub.asked[0], mode="denied")[0] == 200
    ends.becomes(Stage.DENIED, why="no reason given")
    assert ends.store.feed_state(KEY).push.until is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply(b"no", 400), "the hub answered 400"),
        (reply(b"later", 503, Retry_After="7200"), "the hub answered 503"),
        (raw(5.0), "no complete answer came in time"),
        (raw(b"HTTP/1.1 2", reset=True), "the connection was broken off"),
    ],
)
def test_a_hub_that_does_not_take_what_it_is_asked_is_tried_again_later(
    store: RedisStore, answer: Any, why: str
) -> None:
    with FeedServer() as server, Endpoints(store, {KEY: make.FEED}) as ends:
        names_hub(store, Hub(server, answer=answer).url)
        one = ends.becomes(Stage.FAILED)
        assert one.why.startswith(why)
        wait = (one.due - ends.clock()).total_seconds()
        assert wait == pytest.approx(7_200 if "503" in why else 300, abs=10)


def test_a_hub_that_verifies_before_it_answers_no_is_believed(store: RedisStore) -> None:
    with FeedServer() as server, Endpoints(store, {KEY: make.FEED}) as ends:
        hub = Hub(server, verifies, answer=raw(0.5, b"HTTP/1.1 500 No\r\n\r\n"))
        names_hub(store, hub.url)
        ends.becomes(Stage.VERIFIED)
        time.sleep(0.8)
        assert ends.one.state is Stage.VERIFIED


@pytest.mark.parametrize("status", [307, 308])
def test_a_form_follows_a_hub_that_has_moved(store: RedisStore, status: int) -> None:
    with FeedServer() as server, Endpoints(store, {KEY: make.FEED}) as ends:
        hub = Hub(server, verifies)
        old = server.serve("/old", reply(b"", status, Location="/hub"))
        names_hub(store, old)
        ends.becomes(Stage.VERIFIED)
        assert len(hub.asked) == 1


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("/loop", "the hub redirects too often"),
        ("/see", "the hub answered 303"),
        ("/inside", "10.0.0.1 is"),
        ("http://10.0.0.1/hub", "10.0.0.1 is"),
    ],
)
def test_a_form_goes_nowhere_that_it_must_not(store: RedisStore, place: str, why: str) -> None:
    with FeedServer() as server, Endpoints(store, {KEY: make.FEED}) as ends:
        server.serve("/loop", reply(b"", 307, Location="/loop"))
        server.serve("/see", reply(b"", 303, Location="/loop"))
        server.serve("/inside", reply(b"", 307, Location="http://10.0.0.1/hub"))
        names_hub(store, place if place.startswith("http") else server.url(place))
        assert ends.becomes(Stage.FAILED).why.startswith(why)
        assert len(server.requests) <= 4


def test_a_hub_without_tls_hears_no_secret_unless_that_is_allowed(store: RedisStore) -> None:
    with (
        FeedServer() as server,
        Endpoints(store, {KEY: make.FEED}, allow_http=False) as ends,
    ):
        names_hub(store, Hub(server).url)
        assert ends.becomes(Stage.FAILED).why == "the hub does not speak https"
        assert not server.requests


def test_a_feed_that_does_not_say_its_name_is_known_by_its_url(store: RedisStore) -> None:
    with FeedServer() as server, Endpoints(store, {KEY: make.FEED}) as ends:
        names_hub(store, Hub(server).url, topic="")
        assert ends.becomes(Stage.ASKED).hub.topic == make.FEED.url


# -- leaving -------------------------------------------------------------------------


def test_a_feed_with_a_key_in_its_url_is_not_subscribed_under_it(store: RedisStore) -> None:
    feed = replace(make.FEED, url=f"{make.FEED.url}?token=canary")
    hub = models.Hub("https://hub.example/")
    state = make.state(1, push=models.Push(hub))
    assert store.commit(Commit(feed.key, feed.url, state))
    with Endpoints(store, {feed.key: feed}) as ends:
        assert ends.agreements._compare([feed.key], frozenset()) == []
        assert store.subscriptions([feed.key]) == {}


def test_a_feed_that_changes_its_hub_leaves_the_old_one(ends: Endpoints, hub: Hub) -> None:
    old = ends.becomes(Stage.VERIFIED)
    with FeedServer() as server:
        other = Hub(server, verifies)
        names_hub(ends.store, other.url)
        wait_until(lambda: other.confirmed != [], 10, "a new subscription")
        wait_until(lambda: len(hub.confirmed) == 2, 10, "the end of the old one")
        assert hub.modes() == ["subscribe", "unsubscribe"]
        assert "hub.secret" not in hub.asked[1]
        assert hub.confirmed[1] == ("unsubscribe", 200, "a challenge & more")
        assert hub.verify(hub.asked[0])[0] == 404
        assert hub.push(b"late", hub.asked[0]) == 410
        assert ends.becomes(Stage.VERIFIED).token != old.token


def test_a_feed_that_is_not_configured_any_more_is_unsubscribed(
    store: RedisStore, hub: Hub
) -> None:
    with Endpoints(store, {KEY: make.FEED}) as ends:
        ends.becomes(Stage.VERIFIED)
    with Endpoints(store, {make.OTHER.key: make.OTHER}):
        wait_until(lambda: hub.modes()[-1] == "unsubscribe", 10, "its end")
        wait_until(lambda: len(hub.confirmed) == 2, 10, "a confirmation")
    assert hub.confirmed[-1][1] == 200
    assert store.subscribed() == frozenset()


# -- what is pushed ------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_what_is_pushed_and_signed_is_settled_and_wakes_receivers(
    ends: Endpoints, hub: Hub, method: str
) -> None:
    ends.becomes(Stage.VERIFIED)
    assert hub.push(b"<feed/>", method=method) == 202
    wait_until(lambda: ends.woken == ["desk"], 5, "a receiver")
    (document,) = ends.taken.documents
    assert (document.url, document.body) == (TOPIC, b"<feed/>")
    assert document.content_type == "application/atom+xml"


def test_what_is_signed_wrongly_or_not_at_all_is_dropped_without_a_word(
    ends: Endpoints, hub: Hub
) -> None:
    ends.becomes(Stage.VERIFIED)
    forged = hmac.new(b"guessed", b"<feed/>", hashlib.sha256).hexdigest()
    assert hub.post(b"<feed/>", f"sha256={forged}") == 202
    assert hub.post(b"<feed/>", "md5=00") == 202
    assert hub.post(b"<feed/>", "") == 202
    wait_until(lambda: ends.dropped() == {"signature": 2, "unsigned": 1}, 5, "the counts")
    assert not ends.taken.documents


def test_a_push_to_an_address_that_nobody_has_is_gone(ends: Endpoints, hub: Hub) -> None:
    ends.becomes(Stage.VERIFIED)
    for path in ("", "/x", f"/{KEY}.guessed", f"/{KEY}"):
        form = hub.asked[0] | {"hub.callback": f"{ends.base}{path}"}
        assert hub.push(b"<feed/>", form) == 410
    assert ends.dropped() == {"unknown": 4}


def test_what_is_too_large_or_packed_is_refused(ends: Endpoints, hub: Hub) -> None:
    ends.becomes(Stage.VERIFIED)
    assert hub.push(b"x" * 10_000) == 202
    assert hub.push(b"x" * 10_001) == 413
    assert chunked(hub.asked[0]["hub.callback"], b"x" * 6_000, 3) == 413
    assert hub.post(b"\x1f\x8b", "sha256=00", Content_Encoding="gzip") == 415
    wait_until(lambda: ends.dropped() == {"too_large": 2, "encoded": 1}, 5, "the counts")


def chunked(url: str, chunk: bytes, times: int) -> int:
    """The status for a body that does not say how long it is."""
    port, path = url.removeprefix("http://127.0.0.1:").split("/", 1)
    with socket.create_connection(("127.0.0.1", int(port)), timeout=5) as one:
        head = f"POST /{path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        one.sendall(head.encode() + (f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n") * times)
        return int(one.recv(99).split()[1])


def test_a_body_that_breaks_off_is_no_trouble(ends: Endpoints, hub: Hub) -> None:
    ends.becomes(Stage.VERIFIED)
    port, path = hub.asked[0]["hub.callback"].removeprefix("http://127.0.0.1:").split("/", 1)
    for head in ("Content-Length: 99\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc"):
        with socket.create_connection(("127.0.0.1", int(port)), timeout=5) as one:
            one.sendall(f"POST /{path} HTTP/1.1\r\nHost: x\r\n{head}".encode())
            time.sleep(0.2)
    time.sleep(0.2)
    assert not ends.troubles
    assert not ends.taken.documents


def test_no_more_is_taken_than_can_be_settled(ends: Endpoints, hub: Hub) -> None:
    ends.becomes(Stage.VERIFIED)
    ends.taken.hold.clear()
    answers = [hub.push(f"{n}".encode()) for n in range(110)]
    ends.taken.hold.set()
    assert answers[:104] == [202] * 104
    assert answers[104:] == [503] * 6
    assert ends.dropped() == {"busy": 6}
    wait_until(lambda: len(ends.taken.documents) == 104, 10, "all that was taken")


def test_what_cannot_be_read_is_counted_and_wakes_nobody(ends: Endpoints, hub: Hub) -> None:
    ends.becomes(Stage.VERIFIED)
    ends.taken.committed = False
    assert hub.push(b"no feed") == 202
    wait_until(lambda: ends.dropped() == {"unread": 1}, 5, "the count")
    assert not ends.woken


def test_a_store_that_is_away_is_the_hubs_reason_to_come_again(
    ends: Endpoints, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends.becomes(Stage.VERIFIED)

    def away(_: object) -> dict[str, Subscription]:
        raise Unavailable("store: cannot be reached")

    monkeypatch.setattr(ends.agreements, "find", away)
    assert hub.push(b"<feed/>") == 503
    assert hub.verify(hub.asked[0])[0] == 503
    monkeypatch.undo()
    assert hub.push(b"<feed/>") == 202


def test_no_secret_and_no_address_is_in_the_log(
    store: RedisStore, hub: Hub, capfd: pytest.CaptureFixture[str]
) -> None:
    with structlog.testing.capture_logs() as logged, Endpoints(store, {KEY: make.FEED}) as ends:
        one = ends.becomes(Stage.VERIFIED)
        hub.post(b"x", "")
        hub.verify(hub.asked[0], mode="denied", reason=f"{one.secret} {one.token}")
        ends.becomes(Stage.DENIED)
        wait_until(lambda: "no push" in str(logged), 5, "a line")
    said = str(logged) + "".join(capfd.readouterr())
    assert one.secret not in said
    assert one.token not in said


# -- the command ---------------------------------------------------------------------


def test_the_command_needs_a_callback_and_a_free_port(tmp_path: Path) -> None:
    config = tmp_path / "monitor.toml"
    config.write_text("")
    command = [sys.executable, "-m", "monitor", "--config", str(config), "websub"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "websub.callback: is not set" in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(
            f'[websub]\ncallback = "https://x.example/"\nlisten = "127.0.0.1:{port}"\n'
        )
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"monitor: cannot listen on 127.0.0.1:{port}: address already in use"
    ]


def test_what_a_hub_pushes_alerts_before_any_poll_and_is_counted() -> None:
    """`monitor run` with an endpoint, a hub, and a feed that is polled rarely."""
    port = free_port()
    with short_folder() as folder, newsroom(1) as room:
        hub = Hub(room.server, verifies)
        linked = f"<link xmlns='http://www.w3.org/2005/Atom' rel='hub' href='{hub.url}'/>"
        old = item("Harbour board approves new ferry timetable")
        room.server.serve("/feed/0", reply(document(linked, old), Content_Type="text/xml"))
        config = write_config(folder, room)
        text = config.read_text().replace('"2s"', '"10m"', 1).replace('"3s"', '"24h"')
        endpoint = f'callback = "http://127.0.0.1:{port}/push"\nlisten = "127.0.0.1:{port}"'
        config.write_text(f"{text}\n[websub]\n{endpoint}\nallow_http = true\n")
        with service(config) as running:
            agreed = {"verified": 1}
            wait_until(
                lambda: running.status()["websub"]["subscriptions"] == agreed, 90, "an agreement"
            )
            polls = len(room.server.asked("/feed/0"))
            pushed = time.monotonic()
            assert hub.push(document(item(title(1)))) == 202
            wait_until(lambda: len(room.titles()) == 1, 15, "an alert")
            assert time.monotonic() - pushed < 10
            assert len(room.server.asked("/feed/0")) == polls
            assert hub.post(document(item(title(2))), "sha256=00") == 202
            told = running.status()["websub"]
            assert told["first"]["push"] == 1
            assert told["dropped"] == {"signature": 1}
            assert (
                'monitor_websub_entries_total{by="push"} 1.0' in running.command("metrics").stdout
            )
            log = running.log()
            assert running.pids("websub")
            assert running.stop() < 10
        for secret in (hub.asked[0]["hub.secret"], hub.asked[0]["hub.callback"].split(".")[-1]):
            assert secret not in log


def item(title: str) -> str:
    now = format_datetime(datetime.now(UTC))
    return f"<item><guid>{title}</guid><title>{title}</title><pubDate>{now}</pubDate></item>"


def document(*parts: str) -> bytes:
    inside = "".join(parts)
    return f"<rss version='2.0'><channel><title>F</title>{inside}</channel></rss>".encode()


def test_the_command_ends_within_seconds_of_being_told_to(url: str, tmp_path: Path) -> None:
    config = tmp_path / "monitor.toml"
    port = free_port()
    config.write_text(
        f'[store]\nurl = "{url}"\n[websub]\ncallback = "https://x.example/"\n'
        f'listen = "127.0.0.1:{port}"\n'
    )
    command = [sys.executable, "-m", "monitor", "--config", str(config), "websub"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(listening(port), 30, "an endpoint")
            with socket.create_connection(("127.0.0.1", port)) as slow:
                slow.sendall(b"POST /x HTTP/1.1\r\n")
                started = time.monotonic()
                process.send_signal(signal.SIGTERM)
                assert process.wait(15) == 0
                assert time.monotonic() - started < 5
        finally:
            process.kill()


def listening(port: int) -> Callable[[], bool]:
    def there() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    return there
