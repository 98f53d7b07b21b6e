"""A small HTTP server on 127.0.0.1 that says, path by path, exactly the bytes it is told.

    with FeedServer() as server:
        server.serve("/feed", reply(b"<rss/>", ETag='"1"'), NOT_MODIFIED)
        ... ask server.url("/feed") ...
        assert server.requests[1].headers["if-none-match"] == '"1"'

Replies of a path are given in turn, the last one for ever after. It runs in threads, so
that plain and asyncio tests, and other processes, can talk to it alike.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import socketserver
import ssl
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast


@dataclass(frozen=True)
class Request:
    """What a client asked, and the address it asked; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    to: str = ""


@dataclass(frozen=True)
class Reply:
    """The bytes to send; a float is a pause in seconds.

    `keep`: go on with this connection afterwards. `reset`: end it with a TCP reset.
    """

    steps: Iterable[bytes | float]
    keep: bool = False
    reset: bool = False


Script = Reply | Callable[[Request], Reply]
NOT_MODIFIED = Reply([b"HTTP/1.1 304 Not Modified\r\n\r\n"], keep=True)


def reply(body: bytes = b"", status: int = 200, **headers: str) -> Reply:
    """A complete answer; an underscore in a header's name stands for a hyphen."""
    lines = [f"HTTP/1.1 {status} Spoken", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Reply(["\r\n".join([*lines, "", ""]).encode("latin-1") + body], keep=True)


def raw(*steps: bytes | float, reset: bool = False) -> Reply:
    """An answer of exactly these bytes and pauses; the connection is closed after it."""
    return Reply(steps, reset=reset)


@dataclass
class FeedServer:
    """The server; `requests` holds what was asked, in order. Use it in a `with`.

    `aliases`: more addresses of this machine at which it listens, on the same port; `called`: how
    many connections came to which.
    """

    tls: ssl.SSLContext | None = None
    address: str = "127.0.0.1"
    aliases: Sequence[str] = ()
    requests: list[Request] = field(default_factory=list)
    called: Counter[str] = field(default_factory=Counter)
    _scripts: dict[str, list[Script]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._closing = threading.Event()
        self._server = _Server((self.address, 0), _Connection)
        self._server.owner = self
        self._threads = [threading.Thread(target=self._server.serve_forever, args=(0.005,))]
        if self.aliases:
            self._threads.append(threading.Thread(target=self._listen, args=(self._also(),)))
        for thread in self._threads:
            thread.start()
        return self

    def _also(self) -> list[socket.socket]:
        """The sockets of the other addresses."""
        return [
            socket.create_server(
                (one, self.port), family=socket.AF_INET6 if ":" in one else socket.AF_INET
            )
            for one in self.aliases
        ]

    def _listen(self, sockets: Sequence[socket.socket]) -> None:
        with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
            for one in sockets:
                selector.register(stack.enter_context(one), selectors.EVENT_READ)
            while not self._closing.is_set():
                for key, _ in selector.select(0.05):
                    caller, address = cast(socket.socket, key.fileobj).accept()
                    self._server.process_request(caller, address)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    @property
    def connections(self) -> int:
        """How many there were so far."""
        return self.called.total()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/feed") -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}{path}"

    def serve(self, path: str, *scripts: Script) -> str:
        """Sets what `path` answers, in turn; returns its URL."""
        with self._lock:
            self._scripts[path] = list(scripts)
        return self.url(path)

    def asked(self, path: str) -> list[Request]:
        """The requests for one path."""
        return [request for request in self.requests if request.path == path]

    def pause(self, seconds: float) -> None:
        """Waits, but no longer than the server lives."""
        self._closing.wait(seconds)

    def answer(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            path = request.path if request.path in self._scripts else request.path.split("?")[0]
            scripts = self._scripts.get(path, [reply(status=404)])
            script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        return script if isinstance(script, Reply) else script(request)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: FeedServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may break off a handshake; anything else is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Connection(socketserver.StreamRequestHandler):
    server: _Server
    disable_nagle_algorithm = True

    def setup(self) -> None:
        owner = self.server.owner
        self.to = str(self.request.getsockname()[0])
        owner.called[self.to] += 1
        if owner.tls:
            self.request = owner.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        try:
            while (request := self._read()) and self._speak(self.server.owner.answer(request)):
                pass
        except OSError:
            return  # the client has gone, as some tests mean it to

    def _read(self) -> Request | None:
        first = self.rfile.readline().decode("latin-1").split()
        if len(first) != 3:
            return None
        headers = dict(self._headers())
        body = self.rfile.read(int(headers.get("content-length", "0")))
        return Request(first[0], first[1], headers, body, self.to)

    def _headers(self) -> Iterable[tuple[str, str]]:
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            yield name.lower(), value.strip()

    def _speak(self, reply: Reply) -> bool:
        for step in reply.steps:
            if isinstance(step, bytes):
                self.wfile.write(step)
            else:
                self.server.owner.pause(step)
        if reply.reset:
            linger = struct.pack("ii", 1, 0)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.request.close()
        return reply.keep
