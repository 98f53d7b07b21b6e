"""Links as feeds write them: relative, spoofed, broken."""

from __future__ import annotations

from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

# Left as they are when a link is made printable: what a URL may hold, and its escapes.
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


def absolute(link: str, base: str, limit: int) -> str:
    """An http(s) URL without credentials, or "" for anything else.

    Relative ones are resolved against `base`; too long ones are dropped, for a cut link
    leads nowhere.
    """
    link = "".join(link.split()) if "\n" in link or "\t" in link else link.strip()
    try:
        parts = urlsplit(urljoin(base, link))
        netloc = _host(parts)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not netloc or not link:
        return ""
    whole = quote(urlunsplit(parts._replace(netloc=netloc)), safe=_SAFE, errors="replace")
    return whole if len(whole) <= limit else ""


def _host(parts: SplitResult) -> str:
    """Host and port, the host in ASCII (IDNA) where it can be."""
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        host = host.encode("idna").decode("ascii")
    return f"{host}:{parts.port}" if parts.port else host
