"""Trying addresses before they are watched: is there a feed, or a page that has some?"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Failure, Feed, PollOutcome
from monitor.core.shown import shown_url
from monitor.edges.settings.listing import feed_of, harmless
from monitor.service import discovering
from monitor.service.checking import read_variables
from monitor.service.discovering import Found
from monitor.service.feeding import Wanted
from monitor.service.wiring import Service

_HINT = " (`--no-check` adds it all the same)"


def feeds_of(wanted: Iterable[Wanted]) -> list[Feed]:
    """The feeds that are asked for, their variables filled in; raises BadInput with all that
    cannot be one.
    """
    faults: list[Fault] = []
    feeds = []
    for one in wanted:
        try:
            feeds.append(feed_of(one.words, one.where, read_variables))
        except BadInput as bad:
            faults += bad.faults
    if faults:
        raise BadInput(faults)
    return feeds


def attempt(service: Service, wanted: Wanted, feed: Feed) -> tuple[Found, ...] | str:
    """The feeds at an address: it alone where it is one, else those of the page that it is; or
    why there are none.
    """
    found = discovering.run(service, feed)
    where = shown_url(wanted.url)
    if isinstance(found, Failure):
        # What the guard refuses, polls would be refused as well.
        hint = "" if found.outcome is PollOutcome.SSRF_BLOCKED else _HINT
        return f"{where} cannot be read: {found.reason}{hint}"
    return found or f"{where} is a page, and no feed was found there"


def is_one(found: tuple[Found, ...]) -> bool:
    """Whether what was found is the very address that was tried."""
    return found[0].found_by == "itself"


def as_found(wanted: Wanted, found: Found) -> Wanted:
    """What is to be written of it: its title as name, where none was given. The address stays as
    it was written, unless the feed has moved for good or is another one.
    """
    url = wanted.url
    if not is_one((found,)) or (found.url != url and "${" not in url and "@" not in url):
        url = found.url
    words = {"url": url, "name": harmless(found.title), **wanted.words}
    return Wanted(wanted.where, {**{k: v for k, v in words.items() if v}, "url": url})
