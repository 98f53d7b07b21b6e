"""The guard over connections that are not our HTTP client's."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence

import httpcore
import pytest

from monitor.edges.net import AllowList, Blocked, parse_allow
from monitor.edges.net.dialling import guarded_socket, watched
from tests.edges.test_net_client import answering


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def _dial(
    listener: socket.socket, *answers: Sequence[str], host: str = "mail.test", timeout: float = 1.0
) -> tuple[str, int]:
    """Whom a socket to `host`, which has these addresses in turn, is connected with."""
    port = _port(listener)

    async def run() -> tuple[str, int]:
        allow = parse_allow([f"127.0.0.1:{port}"])
        made = await guarded_socket(allow, host, port, timeout, resolver=answering(*answers))
        with made:
            assert not made.getblocking()
            address: tuple[str, int] = made.getpeername()
            return address

    return asyncio.run(run())


# -- a socket for a protocol of its own ----------------------------------------------


def test_the_address_that_was_checked_is_the_one_dialled(listener: socket.socket) -> None:
    peer = _dial(listener, ["127.0.0.1"], ["10.0.0.1"])
    assert peer == ("127.0.0.1", _port(listener))


def test_an_address_is_dialled_without_a_look_up(listener: socket.socket) -> None:
    assert _dial(listener, host="127.0.0.1")[0] == "127.0.0.1"


def test_nothing_is_dialled_if_one_answer_is_forbidden(listener: socket.socket) -> None:
    with pytest.raises(Blocked, match=r"mail.test resolves to 169.254.169.254"):
        _dial(listener, ["127.0.0.1", "169.254.169.254"])
    listener.settimeout(0.05)
    with pytest.raises(TimeoutError):
        listener.accept()


def test_nobody_there_is_a_failed_connection(listener: socket.socket) -> None:
    port = _port(listener)
    listener.close()

    async def run() -> None:
        await guarded_socket(parse_allow(["127.0.0.0/8"]), "127.0.0.1", port, 1.0)

    with pytest.raises(httpcore.ConnectError):
        asyncio.run(run())


def test_a_slow_look_up_counts_against_the_time_to_connect() -> None:
    async def slow(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(httpcore.ConnectTimeout):
        asyncio.run(guarded_socket(AllowList(), "mail.test", 25, 0.05, resolver=slow))


def test_an_address_that_does_not_answer_is_given_up_in_time(listener: socket.socket) -> None:
    # A full queue of connections that nobody accepts leaves the next one waiting.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port, waiting = _port(full), []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        with pytest.raises(httpcore.ConnectTimeout):
            asyncio.run(guarded_socket(parse_allow(["127.0.0.0/8"]), "127.0.0.1", port, 0.1))
        for one in waiting:
            one.close()


@pytest.mark.parametrize(
    "spelt",
    [
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "::1",
        "::ffff:7f00:1",
        "fe80::1%lo",
        "64:ff9b::7f00:1",
        "localhost",
        "LOCALHOST.",
        "①②⑦.⓪.⓪.①",
        "１２７.0.0.1",
    ],
)
def test_no_spelling_of_this_machine_is_dialled(
    spelt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: dialled.append(address))
    with pytest.raises((Blocked, httpcore.ConnectError)):
        asyncio.run(guarded_socket(AllowList(), spelt, 25, 1.0))
    assert dialled == []


# -- a library that dials by itself --------------------------------------------------


def _connect(port: int, host: str = "127.0.0.1") -> None:
    socket.create_connection((host, port), timeout=1).close()


def test_a_watched_thread_reaches_only_what_is_allowed(listener: socket.socket) -> None:
    port = _port(listener)
    with watched(parse_allow([f"127.0.0.1:{port}"])) as watch:
        _connect(port)
        assert watch.refused == ""
        with pytest.raises(PermissionError):
            _connect(port + 1 if port < 65_535 else 1)
    assert watch.refused.startswith("127.0.0.1 is not a public address")


def test_a_name_on_the_list_is_allowed_at_its_port_only(listener: socket.socket) -> None:
    port = _port(listener)
    with watched(parse_allow([f"localhost:{port}"])):
        _connect(port)
    others = parse_allow([f"localhost:{port - 1}", f"nowhere.invalid:{port}"])
    with watched(others), pytest.raises(PermissionError):
        _connect(port)


@pytest.mark.parametrize("spelt", ["localhost", "127.1", "2130706433", "0x7f.0.0.1", "::1"])
def test_no_spelling_of_loopback_gets_past(spelt: str) -> None:
    with watched(AllowList()), pytest.raises(PermissionError):
        _connect(9, spelt)


def test_datagrams_and_unix_sockets_are_watched_too() -> None:
    with (
        watched(AllowList()) as watch,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as local,
    ):
        with pytest.raises(PermissionError):
            datagrams.sendto(b"x", ("127.0.0.1", 9))
        with pytest.raises(PermissionError):
            datagrams.sendmsg([b"x"], [], 0, ("127.0.0.1", 9))
        with pytest.raises(PermissionError):
            local.connect("/var/run/docker.sock")
    assert watch.refused == "only addresses of the internet are dialled"


def test_messages_on_a_connection_that_was_checked_pass() -> None:
    one, other = socket.socketpair()
    with one, other, watched(AllowList()):
        one.sendmsg([b"x"])
        assert other.recv(1) == b"x"


def test_other_threads_and_what_comes_after_are_left_alone(listener: socket.socket) -> None:
    port, failed = _port(listener), []

    def other() -> None:
        try:
            _connect(port)
        except OSError as error:
            failed.append(error)

    with watched(AllowList()):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    _connect(port)
    assert failed == []
