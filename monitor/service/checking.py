"""What was configured, read and checked as a whole: every fault of every file at once."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Route, Silence
from monitor.core.rulebook import Rulebook
from monitor.edges import transports
from monitor.edges.net import AllowList, parse_allow
from monitor.edges.rulebook import load_rulebook
from monitor.edges.settings import Settings, all_routes, load_settings
from monitor.edges.store import embedded


def read_settings(config: str | None, *, feeds: bool = True) -> Settings:
    """The settings of this process (`feeds`: with them); raises BadInput with every fault."""
    return load_settings(Path(config) if config else None, os.environ, Path.cwd(), feeds=feeds)


def store_url(settings: Settings) -> str:
    """The store that was configured, else the embedded one."""
    return settings.store_url or embedded.url(settings.data_dir)


def secrets(settings: Settings) -> list[str]:
    """Every configured text that must never be shown."""
    userinfo, _, _ = settings.store_url.partition("://")[2].rpartition("@")
    query = parse_qs(settings.store_url.partition("?")[2])
    found = [userinfo, userinfo.partition(":")[2], *query.get("password", ())]
    for receiver in settings.receivers:
        found += [one for value in receiver.options.values() for one in value.split()]
    found += [feed.credentials[1] for feed in settings.feeds if feed.credentials]
    return [one for one in found if one]


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


def check(settings: Settings) -> tuple[Rulebook, AllowList]:
    """Rulebook and allow-list, if they, the receivers and the routes hold; else BadInput."""
    faults = [
        replace(fault, where=f"{settings.path}: {fault.where}")
        for one in settings.receivers
        for fault in transports.check(one)
    ]
    faults += _wrong_exceptions(settings)
    rulebook = None
    try:
        rulebook = load_rulebook(settings.rulebook)
        faults += _unknown_names(settings, rulebook)
    except BadInput as bad:
        faults += bad.faults
    if faults or rulebook is None:
        raise BadInput(faults)
    return rulebook, parse_allow(settings.allow)


def advice(settings: Settings) -> tuple[Fault, ...]:
    """What works, and could be better."""
    place, told = f"{settings.path}: polling.contact", settings.user_agent
    if settings.contact and told:
        return (Fault(place, "is not sent, for network.user_agent says who asks"),)
    if settings.contact or told:
        return ()
    why = "is not set: nobody whom we bother can tell us"
    return (Fault(place, why, "a URL or an e-mail address of yours"),)


def _wrong_exceptions(settings: Settings) -> Iterable[Fault]:
    for number, line in enumerate(settings.allow):
        try:
            parse_allow([line])
        except ValueError as error:
            yield Fault(f"{settings.path}: network.allow[{number}]", str(error))


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
