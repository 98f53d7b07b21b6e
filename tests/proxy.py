"""A small HTTP proxy on 127.0.0.1 to whom every name leads to this machine."""

from __future__ import annotations

import socket
import socketserver
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """`asked` holds the first line and the headers (names in lower case) of what it was asked.

    It answers CONNECT with a tunnel, an absolute address with what that place answers, and both
    with `refusal` where one is set. Use it in a `with`.
    """

    refusal: bytes = b""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, userinfo: str = "") -> str:
        """As it stands in a configuration."""
        return f"http://{userinfo}127.0.0.1:{self._server.server_address[1]}"

    def lines(self) -> list[str]:
        """The first lines of what it was asked."""
        return [line for line, _ in self.asked]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    owner: Proxy


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            self._serve()
        except OSError:
            return  # one of both has gone

    def _serve(self) -> None:
        line = self.rfile.readline().decode("latin-1").strip()
        headers: dict[str, str] = {}
        while text := self.rfile.readline().decode("latin-1").strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", "0")))
        owner = self.server.owner
        owner.asked.append((line, headers))
        if owner.refusal:
            self.wfile.write(owner.refusal)
        elif line.startswith("CONNECT "):
            self._tunnel(int(line.split()[1].rpartition(":")[2]))
        else:
            self._forward(line, headers, body)

    def _tunnel(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as there:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pour, args=(there, self.request))
            back.start()
            _pour(self.request, there)
            back.join()

    def _forward(self, line: str, headers: dict[str, str], body: bytes) -> None:
        method, url, version = line.split()
        parts = urlsplit(url)
        kept = {name: text for name, text in headers.items() if name != "proxy-authorization"}
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        lines = [f"{method} {path} {version}", *(f"{name}: {kept[name]}" for name in kept)]
        with socket.create_connection(("127.0.0.1", parts.port or 80), timeout=10) as there:
            there.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            there.shutdown(socket.SHUT_WR)
            _pour(there, self.request)


def _pour(one: socket.socket, other: socket.socket) -> None:
    """Send on all that comes, and then that no more does."""
    try:
        while read := one.recv(65_536):
            other.sendall(read)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        return
