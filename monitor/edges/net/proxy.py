"""The proxy that HTTP goes through, where the settings name one; those of the environment never."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

_HOST = re.compile(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+")
# What curl, requests and most other programs heed.
_NAMES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where an HTTP proxy is (without TLS to it), and user and password, if it wants them."""

    host: str
    port: int
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Its URL without the credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What a request to it carries (RFC 7617)."""
        if self.credentials is None:
            return {}
        word = b64encode(":".join(self.credentials).encode()).decode()
        return {"Proxy-Authorization": f"Basic {word}"}


def parse_proxy(url: str) -> Proxy:
    """A proxy written as http://user:password@host:port, the first two if need be.

    Raises ValueError with a sentence that holds no part of it, for a password may be in any.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL: its host or port cannot be read") from None
    if parts.scheme != "http":
        raise ValueError("does not begin with http://, and no other kind of proxy is known")
    if not port or not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError("names no host and port, as in http://proxy:3128")
    if parts[2:] not in {("", "", ""), ("/", "", "")} or not url.isprintable():
        raise ValueError("goes on after the port")
    return Proxy(parts.hostname or "", port, _credentials(parts))


def _credentials(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def proxies_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The variables in which the environment names proxies, which are not heeded."""
    return tuple(name for name in environ if name.lower() in _NAMES and environ[name])
