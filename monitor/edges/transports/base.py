"""What all channels share: their form, and the checks of options that several take."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TextIO
from urllib.parse import urlsplit

import httpx

from monitor.core.models import Attempt, Delivery, Pace, Receiver
from monitor.edges.net import AllowList

# (option, what is wrong with it, hint); none of the three holds the option's value.
Wrong = tuple[str, str, str]


class Transport(Protocol):
    """Speaks to one receiver."""

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Try once; what may go wrong is in the Attempt. `now` (aware) is the time of it."""
        ...


@dataclass(frozen=True, slots=True)
class Channel:
    """A kind of receiver: the options it takes, how they are checked, how it is built.

    `pace`: what the service behind it takes, unless configured otherwise; None for no limit.
    `reports`: how many reports one of its messages can list without leaving any out.
    `dial`: how it is built where it makes its own connections, which may lead to public addresses
    and to those of the list; then `build` is not asked.
    """

    options: tuple[str, ...]
    check: Callable[[Receiver], Iterator[Wrong]]
    build: Callable[[Receiver, httpx.AsyncClient, TextIO | None], Transport]
    pace: Pace | None = None
    reports: int = 30
    dial: Callable[[Receiver, AllowList], Transport] | None = None


def check_url(receiver: Receiver) -> Iterator[Wrong]:
    """Faults of the option `url`: https, or http to this very machine or where allowed.

    Over http, what is sent can be read on the way, a secret in the URL included; on
    loopback there is no way to speak of.
    """
    url = receiver.options.get("url", "")
    if not url:
        yield "url", "is missing", "the address to post to, https://..."
        return
    scheme, host = _scheme_and_host(url)
    allowed = receiver.options.get("allow_http", "false")
    if allowed not in {"true", "false"}:
        yield "allow_http", "is neither true nor false", ""
    if not host or scheme not in {"http", "https"}:
        yield "url", "is not a web address", "https://..."
    elif scheme == "http" and allowed != "true" and not is_loopback(host):
        yield "url", "is not https", "allow_http = true if that is meant"


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Both, or "" where the URL cannot be used."""
    try:
        parts, host = urlsplit(url), httpx.URL(url).host
        usable = url.isprintable() and " " not in url and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        return "", ""
    return (parts.scheme, host) if usable else ("", "")


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, by its address or by its usual name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
