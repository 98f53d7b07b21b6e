"""What was configured, read and checked as a whole: every fault of every file at once."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed, Receiver, Route, Silence
from monitor.core.rulebook import Rulebook
from monitor.core.shown import hidden
from monitor.core.storeurl import parse_store_url
from monitor.edges import transports
from monitor.edges.files import plain_lines, read_text
from monitor.edges.net import AllowList, parse_allow, parse_proxy, proxies_of
from monitor.edges.rulebook import load_rulebook
from monitor.edges.settings import Settings, Sources, all_routes, find_sources, load_settings
from monitor.edges.settings.document import filled
from monitor.edges.settings.feeds import Place
from monitor.edges.store import embedded


def read_settings(
    config: str | None, *, feeds: bool = True, drafts: Mapping[Path, str] | None = None
) -> Settings:
    """The settings of this process (`feeds`: with them); raises BadInput with every fault.

    `drafts`: texts to be read instead of those of some files, by real path.
    From then on no library heeds the environment's proxies (`requests` does, below Apprise).
    """
    os.environ["no_proxy"] = "*"
    path = Path(config) if config else None
    read = _reader(drafts) if drafts else read_text
    return load_settings(path, os.environ, Path.cwd(), feeds=feeds, read=read)


def _reader(drafts: Mapping[Path, str]) -> Callable[[Path], str]:
    def read(path: Path) -> str:
        draft = drafts.get(Path(os.path.realpath(path)))
        return read_text(path) if draft is None else plain_lines(draft)

    return read


def read_sources(config: str | None) -> Sources:
    """Which files the feeds of this process stand in; raises BadInput with every fault."""
    return find_sources(Path(config) if config else None, os.environ, Path.cwd())


def read_standing(sources: Sources, faults: list[Fault]) -> tuple[tuple[Place, Feed], ...]:
    """Each feed with its place, by this process's environment; what is wrong with others is added
    to `faults`.
    """
    return tuple(sources.standing(os.environ, faults))


def read_variables(text: str) -> str:
    """A text with this process's variables filled in; raises BadInput where one is not set."""
    return filled(text, os.environ)


def store_url(settings: Settings) -> str:
    """The store that was configured, else the embedded one."""
    return settings.store_url or embedded.url(settings.data_dir)


def secrets(settings: Settings) -> list[str]:
    """Every configured text that must never be shown."""
    found = [*_of_a_store(settings.store_url), *_of_a_proxy(settings.proxy)]
    found.append(settings.web.token)
    found += [one for receiver in settings.receivers for one in _of_a_receiver(receiver)]
    found += [one for feed in settings.feeds for one in _of_a_feed(feed)]
    found += [*_of_an_address(settings.canary.ping)] if settings.canary else []
    found += [
        one
        for _, route in all_routes(settings.routes)
        for each in route.feeds
        for one in _telling(hidden(each))
    ]
    return [one for one in dict.fromkeys(found) if one]


def _of_a_store(url: str) -> Iterator[str]:
    yield from _of_a_proxy(url)
    yield from parse_store_url(url).secrets if url else ()


def _of_a_proxy(url: str) -> Iterator[str]:
    for one in hidden(url):
        yield from (one, unquote(one))


def _of_a_receiver(receiver: Receiver) -> Iterator[str]:
    """Each option, each of its words, and of URLs all that may be a key."""
    for value in receiver.options.values():
        for one in (value, *value.split()):
            # Of a signing key what follows its mark, of a token what follows its number.
            yield from (one, one.removeprefix("whsec_"), one.partition(":")[2])
            yield from _of_an_address(one) if "://" in one else ()


def _of_an_address(url: str) -> Iterator[str]:
    rest = url.partition("://")[2]
    host, slash, path = rest.partition("/")
    values = [one.partition("=")[2] for one in re.split("[?&]", path)]
    parts = [one for one in re.split("[/?&]", path) if len(one) >= _LONG_PART]
    # Apprise has tokens where others have a host.
    named = [host] if len(host) >= _LONG_PART and not url.startswith("http") else []
    for one in (f"{slash}{path}", *values, *parts, *named, *hidden(url)):
        yield from (one, unquote(one))


def _of_a_feed(feed: Feed) -> Iterator[str]:
    if feed.credentials:
        user, password = feed.credentials
        # Together as well: so they stand, in base64, in a header.
        yield from (password or user, f"{user}:{password}")
    yield from _telling(hidden(feed.url))


def _telling(values: Iterable[str]) -> Iterator[str]:
    """Those that are no ordinary words: "?key=sport" must not blank out all sport."""
    return (one for one in values if len(one) >= _LONG_VALUE)


# Characters from which on a part of a URL's path, and the value of a key, is more than a word.
_LONG_PART, _LONG_VALUE = 16, 8


def read_checked(config: str | None) -> tuple[Settings, Rulebook]:
    """Settings and rulebook of this process; raises BadInput with the faults of both."""
    faults: tuple[Fault, ...] = ()
    try:
        settings = read_settings(config)
    except BadInput as bad:
        if not isinstance(bad.found, Settings):
            raise
        settings, faults = bad.found, bad.faults
    try:
        rulebook, _ = check(settings)
    except BadInput as bad:
        raise BadInput([*faults, *bad.faults]) from None
    if faults:
        raise BadInput(faults)
    return settings, rulebook


def check(settings: Settings, known: Rulebook | None = None) -> tuple[Rulebook, AllowList]:
    """Rulebook and allow-list, if they, the receivers and the routes hold; else BadInput.

    `known`: a rulebook that was loaded before, to be kept if its files still say the same.
    """
    faults = [
        replace(fault, where=f"{settings.path}: {fault.where}")
        for one in settings.receivers
        for fault in transports.check(one)
    ]
    faults += _wrong_exceptions(settings)
    rulebook = None
    try:
        rulebook = load_rulebook(settings.rulebook, known)
        faults += _unknown_names(settings, rulebook)
    except BadInput as bad:
        faults += bad.faults
    if faults or rulebook is None:
        raise BadInput(faults)
    return rulebook, allowed(settings)


def allowed(settings: Settings) -> AllowList:
    """The addresses that may be reached; raises ValueError unless `check` finds no fault there."""
    proxy = parse_proxy(settings.proxy) if settings.proxy else None
    return replace(parse_allow(settings.allow), proxy=proxy)


def check_shadow(settings: Settings) -> Rulebook | None:
    """The candidate rulebook that is to run beside the live one, if there is one and it holds as
    that would have to; else BadInput.
    """
    if settings.shadow is None:
        return None
    try:
        return check(replace(settings, rulebook=settings.shadow))[0]
    except BadInput as bad:
        raise BadInput(replace(one, where=f"shadow: {one.where}") for one in bad.faults) from None


def advice(settings: Settings) -> Iterator[Fault]:
    """What works, and could be better."""
    place, told = f"{settings.path}: polling.contact", settings.user_agent
    if settings.contact and told:
        yield Fault(place, "is not sent, for network.user_agent says who asks")
    elif not settings.contact and not told:
        why = "is not set: nobody whom we bother can tell us"
        yield Fault(place, why, "a URL or an e-mail address of yours")
    if settings.canary is None:
        why = "is not set: that no alert comes may mean that none can"
        yield Fault(f"{settings.path}: canary.receiver", why, "who gets one canary an hour")


def _wrong_exceptions(settings: Settings) -> Iterable[Fault]:
    for number, line in enumerate(settings.allow):
        try:
            parse_allow([line])
        except ValueError as error:
            yield Fault(f"{settings.path}: network.allow[{number}]", str(error))
    try:
        parse_proxy(settings.proxy or "http://none:1")
    except ValueError as error:
        place = f"{settings.path}: network.proxy"
        yield Fault(place, str(error), "http://user:password@proxy:3128, or without the user")


def unheeded_proxies(settings: Settings) -> tuple[str, ...]:
    """The variables of the environment that name a proxy which is not used."""
    return () if settings.proxy else proxies_of(os.environ)


def _unknown_names(settings: Settings, rulebook: Rulebook) -> Iterable[Fault]:
    """Topics and entities that routes and silences name and the rulebook does not know."""
    asked: list[tuple[str, Route | Silence]] = [*all_routes(settings.routes)]
    asked += [(f"silences[{number}]", one) for number, one in enumerate(settings.silences)]
    for place, one in asked:
        where = f"{settings.path}: {place}"
        for topic in sorted(one.topics - set(rulebook.topics)):
            close = difflib.get_close_matches(topic, rulebook.topics, n=1)
            known = f"known: {', '.join(rulebook.topics)}"
            hint = f"did you mean {close[0]}?" if close else known
            yield Fault(f"{where}.topics", f"no topic {topic}", hint)
        for name in sorted(one.entities - rulebook.gazetteer.entities.keys()):
            hint = entity_hint(name, rulebook)
            yield Fault(f"{where}.entities", f"no entity has the id {name}", hint)


def entity_hint(name: str, rulebook: Rulebook) -> str:
    """The id that was probably meant: of the entity of this name, or the nearest one."""
    by_name = {one.name.casefold(): one.id for one in rulebook.gazetteer.entities.values()}
    if found := by_name.get(name.casefold()):
        return f"the id of {name} is {found}"
    part = next((id_ for one, id_ in by_name.items() if name.casefold() in one.split()), None)
    close = [part] if part else difflib.get_close_matches(name, rulebook.gazetteer.entities, n=1)
    return f"did you mean {close[0]}?" if close else "ids stand in the rulebook's entities/*.csv"
