"""What an entry is known by: in its feed, by its link, by its text."""

from __future__ import annotations

import re
import unicodedata
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import filterfalse
from urllib.parse import parse_qs, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from monitor.core.digest import digest
from monitor.core.models import Entry, Identity, Seen

# A link of nothing but a host and a path of letters, digits and marks that mean themselves.
_PLAIN = re.compile(r"https?://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(/[A-Za-z0-9._~/-]*)?")
# Parameters that say where a reader came from, or which rendering they saw, never which
# text it is. From the documentation of the tools that set them: Google Analytics and Ads,
# Meta, Microsoft, Yandex, X, TikTok, LinkedIn, Mailchimp, HubSpot, Marketo, Matomo,
# Piano (AT Internet: at_*, xtor), Adobe (cmpid, s_cid), Omeda (oly_*), Vero. Short common
# names (id, p, ref, source, page, from) are left alone: on some site each picks the text.
_TRACKING_PREFIXES = (
    *("utm_", "at_", "mc_", "pk_", "mtm_", "matomo_", "hsa_", "_hs", "oly_", "vero_"),
    *("ns_", "_ga", "_gl", "fb_action_", "fb_source", "wt."),
)
_TRACKING = frozenset(
    (
        *("fbclid", "gclid", "gclsrc", "dclid", "wbraid", "gbraid", "gad_source", "msclkid"),
        *("yclid", "ysclid", "twclid", "ttclid", "li_fat_id", "igshid", "igsh", "srsltid"),
        *("xtor", "xtref", "xts", "cmpid", "cmp", "s_cid", "ocid", "ncid", "smid", "spm"),
        *("ito", "ftag", "mkt_tok", "partner_source", "ref_src", "ref_url", "referrer"),
        *("__twitter_impression", "outputtype", "amp", "from_rss", "rss", "phpsessid"),
        *("print", "printable", "printmode"),
    )
)
_MIRROR = re.compile(r"^(?:(?:www\d?|m|mobile|amp)\.)+(?=[^.]+\.[^.]+)")
# Other renderings of a text: for telephones, for printing.
_AMP_PATH = re.compile(r"(?:(?:/amp|\.amp|/print(?:able)?)(?:\.html?)?/*)+$", re.IGNORECASE)
_SESSION_PATH = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
# Google Alerts' links lead through a counter: the real one is in a parameter.
_COUNTER = re.compile(r"https?://(?:www\.)?google\.com/url\?", re.IGNORECASE)
# Google News wraps links: the older of its names hold the real one in base64.
_WRAPPED = re.compile(r"https?://news\.google\.com/(?:rss/)?articles/([\w-]{20,})", re.IGNORECASE)
_INSIDE = re.compile(rb"https?://[\x21-\x7e]+")
# A site's front page, which tells no story, or no link at all.
_ROOT = re.compile(r"(?://[^/?#]*)?")
_DEFAULT_PORTS = frozenset({None, 80, 443})
_WORDS = re.compile(r"[^\W_]+")
# Below this many characters two texts are the same by chance ("Flash info").
_TELLING = 40


def identify(entries: Sequence[Entry], key: str = "") -> tuple[Identity, ...]:
    """The identity of each entry of one document, in its order.

    `key`: what the feed's entries are known by (FeedState.key).

    A guid or link that several different entries of the document share does not tell
    them apart: such a guid counts only together with link and title, such a link not at
    all.
    """
    ids = [entry.id for entry in entries]
    links = [canonical_url(entry.link) for entry in entries]
    again = _repeated(ids) | _repeated(links)
    titles = [
        # Of one that was not read, only to tell it from others of its name.
        "" if entry.skimmed and again.isdisjoint((entry.id, link)) else fold(entry.title)
        for entry, link in zip(entries, links, strict=True)
    ]
    stories = list(zip(links, titles, strict=True))
    shared_ids = _shared(zip(ids, stories, strict=True))
    shared_links = _shared(stories)
    found = (
        _identity(
            entry,
            guid=digest(entry.id, link, title) if entry.id in shared_ids else digest(entry.id),
            link="" if link in shared_links or _ROOT.fullmatch(link) else link,
            text=_text(title, entry, link),
        )
        for entry, (link, title) in zip(entries, stories, strict=True)
    )
    if not key:
        return tuple(found)
    return tuple(replace(one, id=_key(key, one.link, one.text, one.id)) for one in found)


# Entries of one poll from which on, and their share from which on, new names of known texts
# are the feed's way and no accident.
_FEW, _MOST = 3, 0.6


def better_key(found: Sequence[Identity], memory: Mapping[str, Seen]) -> str:
    """What a feed's entries are better known by than by their guids: "link" or "text" where
    most of those that seem new were shown before under another guid; else "".
    """
    fresh = [one for one in found if one.id not in memory]
    texts = {one.text for one in memory.values() if one.text}
    links = {one.link for one in memory.values() if one.link}
    by_link = sum(one.link in links for one in fresh)
    by_text = sum(one.text in texts for one in fresh)
    if len(fresh) < _FEW or max(by_link, by_text) < _MOST * len(fresh):
        return ""
    return "link" if by_link >= by_text else "text"


def rekeyed(memory: Mapping[str, Seen], key: str) -> dict[str, Seen]:
    """A feed's memory under another key."""
    return {_key(key, one.link, one.text, name): one for name, one in memory.items()}


def _key(key: str, link: str | None, text: str, guid: str) -> str:
    return {"link": link or text, "text": text}.get(key) or guid


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def _shared(pairs: Iterable[tuple[str, Hashable]]) -> set[str]:
    """The names that are paired with more than one thing."""
    return _repeated(name for name, _ in set(pairs))


def _identity(entry: Entry, *, guid: str, link: str, text: str) -> Identity:
    by_link = digest(link) if link else None
    return Identity(id=guid if entry.id else by_link or text, link=by_link, text=text)


def _text(title: str, entry: Entry, link: str) -> str:
    """By title and summary; a text too short to tell needs its link, or else its id. "" for one
    that was not read.
    """
    if entry.skimmed:
        return ""
    summary = fold(entry.summary)
    if len(title) + len(summary) < _TELLING:
        return digest(title, summary, link or entry.id)
    return digest(title, summary)


def canonical_url(url: str) -> str:
    """A URL for comparing, not for showing; "" stays "", and what is no URL stays as it is.

    w3lib's canonicalize_url (order of parameters, escapes, IDN), and besides: http and
    https, www., m. and amp variants, default ports, trailing slashes, tracking and session
    parameters and fragments (but "#!", which names pages) make no difference.
    """
    if not url:
        return ""
    try:
        return _canonical(_behind_counter(url))
    except ValueError:
        return url


def _behind_counter(url: str) -> str:
    if wrapped := _WRAPPED.match(url):
        return _unwrapped(wrapped[1]) or url
    targets = parse_qs(urlsplit(url).query).get("url") if _COUNTER.match(url) else None
    return targets[0] if targets else url


def _unwrapped(name: str) -> str:
    """The link inside a Google News name; "" where there is none to be read."""
    try:
        found = _INSIDE.search(urlsafe_b64decode(name + "=" * (-len(name) % 4)))
    except ValueError:
        return ""
    return found[0].decode("ascii") if found else ""


def _canonical(url: str) -> str:
    # Most links hold nothing that w3lib would change; it takes twenty times as long to say so.
    if "/." not in url and (plain := _PLAIN.fullmatch(url)):
        host = _MIRROR.sub("", plain[1].lower().rstrip("."))
        return f"//{host}{_AMP_PATH.sub('', plain[2] or '').rstrip('/')}"
    parts = urlsplit(canonicalize_url(url, keep_fragments=True))
    host = _MIRROR.sub("", (parts.hostname or "").rstrip("."))
    netloc = host if parts.port in _DEFAULT_PORTS else f"{host}:{parts.port}"
    path = _AMP_PATH.sub("", _SESSION_PATH.sub("", parts.path)).rstrip("/")
    query = "&".join(pair for pair in parts.query.split("&") if not _tracks(pair))
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit(("", netloc, path, query, fragment))


def _tracks(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


def fold(text: str) -> str:
    """Words only, without case and accents: cosmetic edits leave it as it is."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    if not bare.isascii():
        bare = "".join(filterfalse(unicodedata.combining, bare))
    return " ".join(_WORDS.findall(bare))
