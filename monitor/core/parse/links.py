"""Links as feeds write them: relative, spoofed, broken."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

# Left as they are when a link is made printable: what a URL may hold, and its escapes.
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
# What is fine as it stands, as nearly all links are.
_FINE = re.compile(r"https?://[a-z0-9.-]+/[\w/.~-]*(?:\?[\w=&.~-]+)?", re.ASCII)
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")


def absolute(link: str, base: str, limit: int) -> str:
    """An http(s) URL without credentials, or "" for anything else.

    Relative ones are resolved against `base`; too long ones are dropped, for a cut link
    leads nowhere.
    """
    if _FINE.fullmatch(link):
        return link if len(link) <= limit else ""
    link = "".join(line.strip() for line in link.splitlines())
    link = link.replace("\t", "").replace("&amp;", "&")
    if not link or len(link) > limit:
        return ""
    try:
        own = urlsplit(link)
        if own.scheme and not own.netloc:
            return ""
        parts = urlsplit(urljoin(base, link))
        netloc = _netloc(parts)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not netloc:
        return ""
    whole = quote(urlunsplit(parts._replace(netloc=netloc)), safe=_SAFE, errors="replace")
    return whole if len(whole) <= limit else ""


def _netloc(parts: SplitResult) -> str:
    """Host and port, the host in ASCII (IDNA); "" where it cannot be a host."""
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not _HOST.fullmatch(host):
        return ""
    return f"{host}:{parts.port}" if parts.port else host
