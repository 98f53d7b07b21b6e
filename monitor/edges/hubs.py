"""Asking hubs (W3C WebSub, section 5.1): one form, sent through the guard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from monitor.edges.net import (
    EXPECTED,
    AllowList,
    classify,
    client,
    named_by_strangers,
    parse_retry_after,
)

_REDIRECTS = 3
# Those that ask for the same form to be sent elsewhere (RFC 9110, section 15.4).
_ELSEWHERE = {307, 308}


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the hub took what it was asked; if not, one sentence why, and its wish in seconds."""

    ok: bool
    why: str = ""
    retry_after: float = 0.0


class Hubs:
    """Asks hubs, on one event loop; to be used in an `async with`.

    `deadline`: seconds for a request with its redirects. `allow_http`: forms, and the secrets in
    them, may go out without TLS.
    """

    def __init__(
        self,
        allow: AllowList,
        *,
        user_agent: str,
        deadline: float,
        allow_http: bool,
        clock: Callable[[], datetime],
    ) -> None:
        self._allow = allow
        self._http = client(allow)
        self._headers = {"User-Agent": user_agent}
        self._deadline = deadline
        self._allow_http = allow_http
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def ask(self, url: str, form: Mapping[str, str]) -> Answer:
        """Send a form to a hub. Its answer's text is not read: nothing depends on it."""
        try:
            async with asyncio.timeout(self._deadline):
                return await self._ask(url, form)
        except EXPECTED as error:
            return Answer(ok=False, why=classify(error).reason)

    async def _ask(self, url: str, form: Mapping[str, str]) -> Answer:
        at = None
        for _ in range(_REDIRECTS + 1):
            at = named_by_strangers(url, self._allow, at)
            if not self._allow_http and at.scheme != "https":
                return Answer(ok=False, why="the hub does not speak https")
            sending = self._http.stream("POST", at, data=dict(form), headers=self._headers)
            async with sending as response:
                status, headers = response.status_code, response.headers
            if status not in _ELSEWHERE or "location" not in headers:
                break
            url = headers["location"]
        else:
            return Answer(ok=False, why="the hub redirects too often")
        if response.is_success:
            return Answer(ok=True)
        wish = parse_retry_after(headers.get("retry-after"), self._clock())
        return Answer(ok=False, why=f"the hub answered {status}", retry_after=wish or 0.0)
