"""No secret is in anything that the service writes, whatever goes wrong."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from monitor.edges.settings import load_settings
from monitor.edges.store.broker import broker
from monitor.service.checking import secrets
from monitor.service.logs import Redactor
from tests.servers import debian_redis, short_folder
from tests.service.endpoints import free_port
from tests.service.leaks import (
    RECEIVER_NAMES,
    SIGNING,
    World,
    faulty_config,
    found_in,
    secret,
    world,
)
from tests.service.running import Service, descendants, kill, service, title, wait_until
from tests.web.pages import Browser

ENOUGH = "enough was heard"


@pytest.mark.parametrize(
    "store",
    [
        f"redis://u:{secret('store')}@127.0.0.1:1/0",
        f"unix:///a/b?password={secret('store')}",
        f"sentinel://u:{secret('store')}@h/0?master=m&sentinel_password=%23{secret('sentinel')}",
    ],
)
def test_nothing_that_was_configured_shows_a_secret_when_it_is_printed(
    folder: Path, store: str
) -> None:
    proxy = f'[network]\nproxy = "http://u:{secret("proxy")}@127.0.0.1:3128"\n'
    with world(folder, store) as (_, config, environ):
        config.write_text(config.read_text().replace("[network]\n", proxy))
        settings = load_settings(config, environ, folder)
    things = (settings, *settings.feeds, *settings.receivers, *settings.routes)
    assert found_in("".join(f"{one!r} {one}" for one in things)) == []
    known = Redactor(secrets(settings))
    told = repr(broker(settings.store_url))
    for text in (config.read_text(), *environ.values(), SIGNING, told):
        assert found_in(known.text(text)) == []


def listening(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def heard(url: str) -> Iterator[list[str]]:
    """All that a store is told meanwhile, by whomever; Celery's messages among it."""
    told: list[str] = []
    client, ready = redis.Redis.from_url(url), threading.Event()

    def listen() -> None:
        with client.monitor() as monitor:  # type: ignore[no-untyped-call]
            ready.set()
            for one in monitor.listen():
                told.append(str(one["command"]))
                if ENOUGH in told[-1]:
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    assert ready.wait(10)
    try:
        yield told
    finally:
        with redis.Redis.from_url(url) as other:
            other.echo(ENOUGH)
        thread.join(20)
        client.close()
        assert not thread.is_alive()


COMMANDS = (
    "status",
    "status --json",
    "deliveries --limit 999",
    "deliveries --state dead --format jsonl",
    "stories",
    "stories --format csv",
    "metrics",
    "check",
    "silence list",
    "redeliver --dead",
    "redeliver d_unknown",
    f"explain http://u:{secret('typed')}@a.example/?key={secret('typed')}",
    f"feeds discover http://u:{secret('typed')}@127.0.0.1:9/?key={secret('typed')}",
)


def told_by_commands(running: Service, folder: Path) -> dict[str, str]:
    """What every command prints, also those that fail; by what was asked."""
    page = folder / "page.xml"
    page.write_text("<rss><channel><item><title>Coup in Mali</title></item></channel></rss>")
    row = running.command("deliveries", "--format", "jsonl").stdout.splitlines()[0]
    commands = [*(one.split() for one in COMMANDS), ["deliveries", json.loads(row)["delivery"]]]
    commands += [["send-test", name] for name in RECEIVER_NAMES]
    commands += [[name, str(page)] for name in ("replay", "explain", "route")]
    faulty = Service(running.process, faulty_config(folder), running.environ)
    asked = [(running, words) for words in commands]
    asked += [(faulty, [name]) for name in ("check", "run", "status", "websub", "web")]
    done = {(of.config.name, *words): of.command(*words) for of, words in asked}
    return {
        f"{number} {asked[number][1][0]}": one.stdout + one.stderr
        for number, one in enumerate(done.values())
    }


def shown_on_pages(made: World, running: Service) -> dict[str, str]:
    """Every page, its headers among it, as one sees it who has the token, and who has not."""
    browser = Browser(made.web)
    places = ["/", "/stories", "/deliveries", "/feeds", "/alerts", "/metrics", "/readyz", "/x?y=1"]
    closed = {f"closed {path}": browser(path) for path in (*places, "/login")}
    assert browser("/login", form={"token": secret("web"), "next": "/feeds"}).status == 303
    rows = running.command("stories", "--format", "jsonl").stdout.splitlines()
    told = running.command("deliveries", "--format", "jsonl").stdout.splitlines()
    places += [f"/stories/{json.loads(one)['story']}" for one in rows]
    places += [f"/deliveries/{json.loads(one)['delivery']}" for one in told[:40]]
    pages = {path: browser(path) for path in places}
    assert sum(one.status == 200 for one in pages.values()) > 20
    return {path: f"{one.headers}{one.text}" for path, one in (closed | pages).items()}


def of_processes(running: Service) -> dict[str, str]:
    """The command lines of all its processes, and what the parsers' children see of ours."""
    lines = "\n".join(line for _, line in descendants(running.process.pid))
    environs = [Path(f"/proc/{pid}/environ").read_bytes() for pid in running.pids("parse_child")]
    assert environs
    return {"processes": lines, "environ": b"\n".join(environs).decode("utf-8", "replace")}


def of_files(folder: Path) -> dict[str, str]:
    """All files that the service wrote, its log and the alerts among them."""
    ours = {"monitor.toml", "faulty.toml", "hook-secret", "page.xml"}
    paths = [one for one in folder.rglob("*") if one.is_file() and one.name not in ours]
    return {str(one): one.read_text(encoding="utf-8", errors="replace") for one in paths}


def everything_goes_wrong(made: World, running: Service) -> None:
    """Alerts that no receiver but one takes, with workers killed in between."""
    made.titles += [title(number) for number in range(3)]
    wait_until(lambda: "delivery given up" in running.log(), 60, "a dead letter")
    for mark in ("poll@", "send@", "parse_child"):
        for pid in running.pids(mark):
            kill(pid)
    made.titles += [title(number) for number in range(3, 6)]
    wait_until(lambda: running.log().count('"alert"') >= 6, 90, "alerts after the kills")
    wait_until(lambda: bool(running.pids("parse_child")), 30, "a parser")
    wait_until(lambda: "poll ended by a bug" in running.log(), 30, "a bug in a poll")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_full_run_with_failures_writes_no_secret_anywhere(folder: Path) -> None:
    """Feeds that fail in each way, receivers that refuse and repeat what they were sent, a store
    that goes and comes back, killed workers, bugs of each kind, and then every command.
    """
    port, password = free_port(), secret("store")
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    options = ("--port", str(port), "--bind", "127.0.0.1", "--requirepass", password)
    with short_folder() as kept, world(folder, url) as (made, config, environ), ExitStack() as run:
        environ["WORKERS_LOAD"] = "tests.service.leaking_bugs"
        with debian_redis(kept, *options, url=url):
            running = run.enter_context(service(config, "tests.service.faulty_run", environ))
            wait_until(lambda: "feed cannot be read" in running.log(), 60, "a failing feed")
            wait_until(lambda: "push agreed" in running.log(), 60, "a subscription")
        wait_until(lambda: "waiting for the store" in running.log(), 30, "the store's absence")
        with debian_redis(kept, *options, url=url), heard(url) as told:
            everything_goes_wrong(made, running)
            wait_until(lambda: listening(made.web), 30, "pages")
            written = told_by_commands(running, folder) | of_processes(running)
            written |= shown_on_pages(made, running)
            running.stop()
        written |= of_files(folder) | {"told the store": "\n".join(told)}
        own = [
            one[name]
            for one in made.hub.asked
            for name in ("hub.callback", "hub.secret")
            if name in one
        ]
    alerts = [text for name, text in written.items() if name.endswith("alerts.jsonl")]
    assert alerts[0].count("\n") >= 6
    check(written, {one.rpartition("/")[2] for one in own})


def check(written: Mapping[str, str], own: set[str]) -> None:
    """No mark, and of the secrets of subscriptions nothing but what the store must keep."""
    assert own
    assert {name: found for name, text in written.items() if (found := found_in(text))} == {}
    for name, text in written.items():
        if name != "told the store":
            assert [one for one in own if one in text] == [], name
    log = next(text for name, text in written.items() if name.endswith("/log"))
    for said in ("a bug at ***", "a warning of ***", "a library says ***", "a line"):
        assert said in log, said
