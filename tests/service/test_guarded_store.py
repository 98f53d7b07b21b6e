"""The whole service over stores as they stand in production: TLS, few rights, sentinels."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import redis
from kombu import Connection
from kombu.exceptions import OperationalError

from monitor.core.errors import Unavailable
from monitor.edges.store.broker import broker
from monitor.edges.store.redis import RedisStore
from tests import make
from tests.guarded_stores import OTHER, Watched, over_tls, watched
from tests.servers import PASSWORD, short_folder
from tests.service.running import Newsroom, newsroom, service, title, wait_until, write_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def alerts(folder: Path, url: str) -> str:
    """Run the service over a store until it has alerted, and try each command that looks; all
    that was written.
    """
    with newsroom(2) as room:
        config = write_config(folder, room, store=url)
        with service(config) as running:
            wait_until(lambda: len(room.server.asked("/feed/1")) > 0, 40, "a poll of each feed")
            for number in range(4):
                room.publish(number % 2, title(number))
            wait_until(lambda: len(room.titles()) == 4, 30, "four alerts")
            wait_until(lambda: running.status()["deliveries"]["hook"]["sent"] == 4, 10, "all sent")
            words = ("status", "stories", "deliveries", "metrics", "silence list")
            done = [running.command(*one.split()) for one in words]
            assert {one.returncode for one in done} == {0}, [one.stderr for one in done]
            assert running.stop() < 10
        assert set(room.titles().values()) == {1}
        return running.log() + "".join(one.stdout + one.stderr for one in done)


def test_it_alerts_over_tls_with_certificates_and_as_few_rights_as_it_needs(folder: Path) -> None:
    with short_folder() as kept, over_tls(kept) as (url, admin):
        written = alerts(folder, url)
        assert admin.acl_log() == []
        assert {str(one).partition(":")[0] for one in admin.keys("*")} == {"monitor"}
        assert PASSWORD not in written
        assert "insecure" not in written


def test_our_user_may_do_nothing_to_the_server_nor_to_others_keys(folder: Path) -> None:
    with over_tls(folder) as (url, _):
        ours = redis.Redis.from_url(url)
        for words in ("FLUSHALL", "CONFIG GET *", "KEYS *", "GET other", "SHUTDOWN", "ACL LIST"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                ours.execute_command(*words.split())  # type: ignore[no-untyped-call]


def test_a_certificate_that_nobody_vouches_for_is_refused_and_said(folder: Path) -> None:
    with over_tls(folder) as (url, _):
        blind = url.partition("?")[0]
        with pytest.raises(Unavailable, match="shows a certificate that we do not trust"):
            RedisStore(blind).ping()
        with pytest.raises(Unavailable, match=r"does not speak TLS with us|cannot be reached"):
            RedisStore(f"{url.partition('&')[0]}").ping()
        with pytest.raises(Unavailable, match="cannot be reached"):
            RedisStore(blind.replace("rediss", "redis")).ping()


def test_celery_trusts_no_other_certificate_either(folder: Path) -> None:
    """kombu takes an address without `ssl_` options for leave to trust anybody."""
    with over_tls(folder) as (url, _):
        for address, reaches in ((url, True), (url.partition("?")[0], False)):
            told = broker(address)
            with Connection(
                told["broker_url"],
                ssl=told["broker_use_ssl"],
                transport_options=told["broker_transport_options"],
            ) as connection:
                if reaches:
                    connection.default_channel.client.ping()
                    continue
                with pytest.raises(OperationalError, match="certificate verify failed"):
                    connection.default_channel.client.ping()


def test_it_alerts_through_a_sentinel_of_which_another_one_is_away(folder: Path) -> None:
    with short_folder() as kept, watched(kept) as servers:
        written = alerts(folder, servers.url)
        assert servers.server(servers.ports[0]).acl_log() == []
        assert PASSWORD not in written
        assert OTHER not in written


def test_what_is_wrong_with_sentinels_is_said_plainly(folder: Path) -> None:
    with watched(folder) as servers:
        for wrong in (("master=", "master=not-"), (OTHER, "wrong")):
            with pytest.raises(Unavailable, match="no sentinel that answers us knows"):
                RedisStore(servers.url.replace(*wrong)).ping()
        with pytest.raises(Unavailable, match="refuses our user or password"):
            RedisStore(servers.url.replace(PASSWORD, "wrong")).ping()
        servers.kill(servers.ports[1])
        servers.server(servers.ports[0]).config_set("min-replicas-to-write", 1)
        store = RedisStore(servers.url)
        store.ping()
        with pytest.raises(Unavailable, match="too few replicas"):
            store.mark_alive("x", make.NOW)


def _published(room: Newsroom, first: int, last: int) -> None:
    for number in range(first, last):
        room.publish(number % 3, title(number))
        time.sleep(0.2)


def test_a_failover_loses_no_alert_and_tells_none_under_another_id(folder: Path) -> None:
    """The master is killed while stories come in; the sentinel makes the replica the master."""
    with short_folder() as kept, watched(kept) as servers, newsroom(3) as room:
        config = write_config(folder, room, store=servers.url)
        with service(config) as running:
            wait_until(lambda: len(room.server.asked("/feed/2")) > 0, 40, "a poll of each feed")
            _published(room, 0, 10)
            killed = servers.ports[0]
            servers.kill(killed)
            died = time.time()
            _published(room, 10, 20)
            wait_until(lambda: servers.master() != killed, 30, "another master")
            promoted = time.time()
            # What was in hands is found again when its lease ends (34 s).
            wait_until(lambda: len(room.titles()) == 20, 120, "twenty stories")
            resumed = min(one for one in room.times if one > promoted)
            wait_until(lambda: _sent(servers, 20), 60, "all recorded as sent")
            print(json.dumps({"promoted": promoted - died, "first alert": resumed - died}))
        assert "Traceback" not in running.log()
        assert {len(names) for names in room.ids().values()} == {1}


def _sent(servers: Watched, count: int) -> bool:
    found = servers.server(servers.ports[1]).hget("monitor:count:hook", "sent")
    return int(str(found or 0)) == count
