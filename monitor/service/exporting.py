"""Handing the feeds on: as OPML, which every reader knows, or as a feeds file of our form."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from monitor.core.models import Feed
from monitor.core.shown import shown_url
from monitor.edges.files import read_text
from monitor.edges.settings.editing import with_feeds
from monitor.edges.settings.feeds import Place, is_opml
from monitor.edges.settings.listing import written
from monitor.edges.settings.outlines import write_opml


@dataclass(frozen=True, slots=True)
class Exported:
    """A document; how many feeds are in it without what opens them, and how many are left out
    because their address is made of variables.
    """

    text: str
    bare: int
    left_out: int


def export(
    standing: Sequence[tuple[Place, Feed]], form: str, *, credentials: bool = False
) -> Exported:
    """The feeds as "opml" or "toml"; without `credentials`: no user, no password, no values of
    keys, and none of an address that is written with variables, for any part may be a secret.
    """
    secret = set() if credentials else _with_variables(standing)
    feeds = [feed for place, feed in standing if place not in secret]
    urls = {feed.key: _whole(feed) if credentials else shown_url(feed.url, "") for feed in feeds}
    bare = sum(not credentials and _whole(feed) != urls[feed.key] for feed in feeds)
    if form == "opml":
        text = write_opml(feeds, urls)
    else:
        text = with_feeds(Path(), "", [written(feed, urls[feed.key]) for feed in feeds])
    return Exported(text, bare, len(standing) - len(feeds))


def _with_variables(standing: Sequence[tuple[Place, Feed]]) -> set[Place]:
    """Where an address stands that the environment has a part in."""
    files = {place.file for place, _ in standing if not is_opml(place.file)}
    raw = {one: tomllib.loads(text)["feeds"] for one in files if "${" in (text := read_text(one))}
    return {
        place
        for place, _ in standing
        if place.file in raw and "${" in str(raw[place.file][place.number]["url"])
    }


def _whole(feed: Feed) -> str:
    """A feed's address with what opens it."""
    if feed.credentials is None:
        return feed.url
    parts = urlsplit(feed.url)
    opened = ":".join(quote(one, safe="") for one in feed.credentials)
    return urlunsplit(parts._replace(netloc=f"{opened}@{parts.netloc}"))
