"""The app of all pages, served on a free port in a thread of its own, and asked like a browser."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode

from monitor.service.wiring import Service
from monitor.web.server import listen, make_app


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Browser:
    """Asks for pages, with the one cookie it was given last."""

    port: int
    host: str = ""
    cookie: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, path: str, *, method: str = "GET", form: dict[str, str] | bytes | None = None
    ) -> Answer:
        headers = {"Host": self.host or f"127.0.0.1:{self.port}", **self.more}
        body: str | bytes | None = None
        if form is not None:
            method, body = "POST", urlencode(form) if isinstance(form, dict) else form
            headers = {"Content-Type": "application/x-www-form-urlencoded"} | headers
        if self.cookie:
            headers["Cookie"] = self.cookie
        link = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            link.request(method, path, body, headers)
            got = link.getresponse()
            answer = Answer(got.status, dict(got.getheaders()), got.read().decode())
        finally:
            link.close()
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer


@contextmanager
def shown(service: Service) -> Iterator[int]:
    """Serve the pages of a service; the port."""
    ready, ports, ends = threading.Event(), list[int](), list[Callable[[], object]]()

    async def serve() -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(over.set))
        async with AsyncExitStack() as stack:
            ports.append(await listen(make_app(lambda: service), "127.0.0.1", 0, stack))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield ports[0]
    finally:
        ends[0]()
        thread.join(20)
        assert not thread.is_alive()
