"""A store's URL, read in one place: one server, one socket, or the sentinels that know a master.

    redis://[user:password@]host[:6379][/0]
    rediss://...?ssl_ca_certs=FILE&ssl_certfile=FILE&ssl_keyfile=FILE      the same over TLS
    unix://[user:password@]/path[?db=0]
    sentinel://[user:password@]host[:26379][,host2[:26379]][/0]?master=NAME
        &sentinel_username=USER&sentinel_password=PASSWORD                 of the sentinels
    sentinels://...                                                        both over TLS

The forms of redis-py, with what it has no form for. Neither it nor kombu is given the URL: each
reads some of it in its own way, and kombu takes one without `ssl_` options for leave to trust
any certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_SCHEMES = ("redis", "rediss", "unix", "sentinel", "sentinels")
_SECURE = {"rediss", "sentinels"}
_PORT, _SENTINEL_PORT = 6_379, 26_379
_TLS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_PLAIN = ("db", "username", "password")
_SENTINEL = ("master", "sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """What such a URL says. `hosts` are the server's or its sentinels', none where `path` is a
    socket's; `tls` are files by option, None without TLS.
    """

    scheme: str
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    db: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    master: str = ""
    sentinel_user: str = ""
    sentinel_password: str = field(default="", repr=False)
    tls: Mapping[str, str] | None = None

    @property
    def shown(self) -> str:
        """Fit to be shown: scheme, hosts or path, and nothing else."""
        hosts = (
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts
        )
        return f"{self.scheme}://{self.path or ','.join(hosts)}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return tuple(one for one in (self.password, self.sentinel_password) if one)


def parse_store_url(text: str) -> StoreUrl:
    """Read one; raises ValueError with a sentence that holds nothing of it but names of options."""
    scheme = text.partition("://")[0]
    if scheme not in _SCHEMES or "://" not in text:
        raise ValueError(f"begins with none of {', '.join(f'{one}://' for one in _SCHEMES)}")
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise ValueError("holds a blank or a control character")
    parts = _split(text)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    sentinels, tls = scheme.startswith("sentinel"), scheme in _SECURE
    _check_options(options, (*_PLAIN, *(_TLS * tls), *(_SENTINEL * sentinels)))
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    path = unquote(parts.path) if scheme == "unix" else ""
    if scheme == "unix" and not path.startswith("/"):
        raise ValueError("names no socket: after unix:// comes a path that begins with /")
    if sentinels and not options.get("master"):
        raise ValueError("does not say which master its sentinels are asked for (?master=NAME)")
    return StoreUrl(
        scheme,
        () if path else _hosts(parts, _SENTINEL_PORT if sentinels else _PORT, many=sentinels),
        path,
        _database(options.get("db", "" if path else parts.path.strip("/"))),
        unquote(user) or options.get("username", ""),
        unquote(password) or options.get("password", ""),
        options.get("master", ""),
        options.get("sentinel_username", ""),
        options.get("sentinel_password", ""),
        {name: options[name] for name in _TLS if name in options} if tls else None,
    )


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
    except ValueError:
        # Without Python's own words: they hold parts of it, and one may be a password.
        raise ValueError("is not a URL: its host or port cannot be read") from None
    if parts.fragment or "@" in parts.path:
        raise ValueError(
            "is not a URL: of a user or password, %23, %2F, %3F and %40 stand for #/?@"
        )
    return parts


def _check_options(options: Mapping[str, str], known: tuple[str, ...]) -> None:
    for name in options:
        if name in _TLS and name not in known:
            raise ValueError(f"has {name}, which is for rediss:// and sentinels:// only")
        if name not in known:
            raise ValueError(f"has an option that is none of {', '.join(known)}")
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise ValueError("has ssl_keyfile without ssl_certfile, whose key it is")


def _hosts(parts: SplitResult, port: int, *, many: bool) -> tuple[tuple[str, int], ...]:
    named = parts.netloc.rpartition("@")[2]
    each = named.split(",") if many else [named]
    try:
        read = [urlsplit(f"//{one}") for one in each]
        found = tuple((one.hostname or "", port if one.port is None else one.port) for one in read)
    except ValueError:
        raise ValueError("is not a URL: its host or port cannot be read") from None
    if not all(host and number for host, number in found):
        raise ValueError("names no host, or port 0")
    return found


def _database(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise ValueError("names a database that is no number")
    return int(text or 0)
