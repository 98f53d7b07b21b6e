"""What an entry is known by: in its feed, by its link, by its text."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from monitor.core.digest import digest
from monitor.core.models import Entry, Identity

# Parameters that say where a reader came from, never which text it is. Short common names
# (id, p, ref, source, page) are left alone: on some site each of them picks the article.
_TRACKING = re.compile(
    r"(?:utm|at|mc|pk|mtm|matomo|hsa|ns|oly|vero|ga|_hs|wt)_\w+"
    r"|(?:fb|g|ms|dc|y|tw|igs|wbra|gbra)cl?id|fbclid|gclid|msclkid|yclid|twclid|ttclid|igshid"
    r"|xtor|xtref|cmpid|ocid|ncid|cmp|smid|partner_source|ito|ftag|spm|_ga|_gl|wt\.mc_id"
    r"|mkt_tok|s_cid|ref_src|ref_url|referrer|rss|from_rss|feature|outputtype|amp",
    re.IGNORECASE,
)
_MIRROR = re.compile(r"^(?:www\d?|m|mobile|amp)\.(?=[^.]+\.[^.]+)")
_AMP_PATH = re.compile(r"/amp(?:\.html)?/?$", re.IGNORECASE)
_WORDS = re.compile(r"\w+")
# Below this many characters two texts are the same by chance ("Flash info").
_TELLING = 40


def identify(entries: Sequence[Entry]) -> tuple[Identity, ...]:
    """The identity of each entry of one document.

    A guid or link that several different entries of the document share does not tell
    them apart: such a guid counts only together with link and title, such a link not at
    all.
    """
    links = [canonical_url(entry.link) for entry in entries]
    titles = [fold(entry.title) for entry in entries]
    ids = _shared([entry.id for entry in entries], titles)
    shared_links = _shared(links, titles)
    return tuple(
        _identity(entry, link, title, own_id=entry.id not in ids, own_link=link not in shared_links)
        for entry, link, title in zip(entries, links, titles, strict=True)
    )


def _shared(names: Sequence[str], titles: Sequence[str]) -> set[str]:
    """The names that entries of different titles share."""
    pairs = set(zip(names, titles, strict=True))
    return {name for name, count in Counter(name for name, _ in pairs).items() if count > 1}


def _identity(entry: Entry, link: str, title: str, *, own_id: bool, own_link: bool) -> Identity:
    telling_link = link if own_link and not _is_root(link) else ""
    text = f"{title} {fold(entry.summary)}"
    if len(text) < _TELLING:
        text = f"{text} {link or entry.id}"
    named = entry.id if own_id else f"{entry.id} {link} {title}".strip()
    return Identity(
        id=digest(named or telling_link or text),
        link=digest(telling_link) if telling_link else None,
        text=digest(text),
    )


def canonical_url(url: str) -> str:
    """A URL for comparing, not for showing: scheme, mirrors and tracking folded away.

    By w3lib's canonicalize_url (order of parameters, escapes, IDN, no fragment); http and
    https, www., m. and amp variants, a trailing slash and tracking parameters make no
    difference. "" stays "".
    """
    if not url:
        return ""
    try:
        parts = urlsplit(canonicalize_url(url, keep_fragments="#!" in url))
        port = parts.port
    except ValueError:
        return url
    host = _MIRROR.sub("", (parts.hostname or "").lower())
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _tracks(pair[0])]
    path = _AMP_PATH.sub("", parts.path).rstrip("/")
    netloc = host if port in {None, 80, 443} else f"{host}:{port}"
    return urlunsplit(("", netloc, path, urlencode(kept), parts.fragment))


def _tracks(name: str) -> bool:
    return _TRACKING.fullmatch(name) is not None


def _is_root(canonical: str) -> bool:
    """Whether a canonical URL is a site's front page, which tells no story."""
    parts = urlsplit(canonical)
    return not (parts.path.strip("/") or parts.query or parts.fragment)


def fold(text: str) -> str:
    """Words only, without case and accents: cosmetic edits leave it as it is."""
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    return " ".join(_WORDS.findall(bare))
