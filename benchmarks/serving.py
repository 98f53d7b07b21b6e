"""The epoll loop under benchmarks/farm.py, in one thread; asyncio would cost as much as readers."""

from __future__ import annotations

import resource
import select
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

# Like common servers', seconds. Where descriptors run short it is not waited for.
_IDLE = 15.0
_SPARE = 500


class Answering(Protocol):
    """What is behind the loop: it knows feeds by number and hosts by number."""

    def begin(self, number: int, now: float) -> int:
        """A feed is asked for; its host."""

    def end(self, host: int) -> None:
        """An answer is out, or its asker gone."""

    def hangs(self, host: int) -> bool:
        """Whether a host never answers."""

    def answer(self, number: int, head: bytes) -> bytes:
        """The answer to a request for a feed."""

    def control(self, target: str) -> bytes:
        """The answer to any other request."""


@dataclass(slots=True, eq=False)
class Connection:
    """A reader's connection. `host`: of the request in hand, -1 if there is none."""

    socket: socket.socket
    last: float
    unread: bytes = b""
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    host: int = -1


class Loop:
    """Serves all connections. `delay`: seconds until each answer."""

    def __init__(self, farm: Answering, port: int, delay: float) -> None:
        self.farm, self.delay = farm, delay
        self.poll = select.epoll()
        self.listener = _listen(port)
        self.poll.register(self.listener, select.EPOLLIN)
        self.poll.register(sys.stdin, select.EPOLLIN | select.EPOLLHUP)
        self.open: dict[int, Connection] = {}
        self.late: deque[tuple[float, Connection, bytes]] = deque()
        self.most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE
        self.swept = time.monotonic()

    def run(self) -> None:
        """Until standard input is closed."""
        while True:
            wait = self.late[0][0] - time.monotonic() if self.late else 1.0
            for number, events in self.poll.poll(max(0.0, min(wait, 1.0)), 256):
                if number == self.listener.fileno():
                    self._accept()
                elif number == sys.stdin.fileno():
                    return
                elif one := self.open.get(number):
                    self._serve(one, events)
            self._send_late()
            self._sweep()

    def _accept(self) -> None:
        for _ in range(64):
            try:
                made, _peer = self.listener.accept()
            except (BlockingIOError, OSError):
                return
            made.setblocking(False)
            one = self.open[made.fileno()] = Connection(made, time.monotonic())
            self.poll.register(made, select.EPOLLIN)
            self._serve(one, select.EPOLLIN)

    def _serve(self, one: Connection, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                self._push(one)
            elif not (came := one.socket.recv(65_536)):
                self._close(one)
            else:
                one.unread += came
                self._read(one)
        except BlockingIOError:
            return
        except OSError:
            self._close(one)

    def _read(self, one: Connection) -> None:
        """Take the next request, if it is all there and none is in hand."""
        head, end, rest = one.unread.partition(b"\r\n\r\n")
        if not end or one.host >= 0:
            return
        one.unread, one.last = rest, time.monotonic()
        target = head.split(b" ", 2)[1].decode("latin-1")
        number = target.removeprefix("/feed/")
        if not number.isdigit():
            self._put(one, self.farm.control(target))
            return
        one.host = self.farm.begin(int(number), one.last)
        if self.farm.hangs(one.host):
            return
        answer = self.farm.answer(int(number), head + b"\r\n")
        if self.delay:
            self.late.append((one.last + self.delay, one, answer))
        else:
            self._put(one, answer)

    def _send_late(self) -> None:
        now = time.monotonic()
        while self.late and self.late[0][0] <= now:
            _, one, answer = self.late.popleft()
            if one.socket.fileno() >= 0:
                self._put(one, answer)

    def _put(self, one: Connection, answer: bytes) -> None:
        one.unsent = memoryview(answer)
        try:
            self._push(one)
        except BlockingIOError:
            self.poll.modify(one.socket, select.EPOLLOUT)
        except OSError:
            self._close(one)

    def _push(self, one: Connection) -> None:
        """Send; raises BlockingIOError while more is to be sent."""
        while one.unsent:
            one.unsent = one.unsent[one.socket.send(one.unsent) :]
        self.poll.modify(one.socket, select.EPOLLIN)
        if one.host >= 0:
            self.farm.end(one.host)
            one.host = -1
        self._read(one)

    def _close(self, one: Connection) -> None:
        if one.host >= 0:
            self.farm.end(one.host)
        del self.open[one.socket.fileno()]
        one.socket.close()

    def _sweep(self) -> None:
        """Close what is idle; all of it where descriptors run short."""
        now, short = time.monotonic(), len(self.open) > self.most
        if not short and now < self.swept + 1:
            return
        self.swept = now
        patience = 0.0 if short else _IDLE
        for one in [c for c in self.open.values() if c.host < 0 and now - c.last > patience]:
            self._close(one)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 262_144)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(4_096)
    listener.setblocking(False)
    return listener
