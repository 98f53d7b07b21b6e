"""What an entry is about: from names and words to topics, with the evidence.

find names and words -> keep the sure ones, and the unsure in good company
-> ask the rules, each behind those whose topics it asks for
-> topics, severity, matches, reasons; and what nearly held
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from monitor.core.gazetteer import Role
from monitor.core.mentions import TITLE, Mention, find_mentions
from monitor.core.models import Entry, Feed, Match, Name, Severity, Tagging
from monitor.core.query import Reading, atoms_of, holds, missing
from monitor.core.rulebook import Rule, Rulebook
from monitor.core.senses import in_company

# Words shown in a reason.
_SHOWN = 4
# Matches kept of one rule: more prove no more.
_KEPT = 50


class _Held(NamedTuple):
    """A rule that holds, and for what."""

    rule: Rule
    evidence: tuple[Mention, ...]


def tag(entry: Entry, rulebook: Rulebook, feed: Feed | None = None) -> Tagging:
    """The topics of an entry with their evidence, or what nearly made one."""
    found = find_mentions(entry, rulebook.gazetteer)
    if not found and not _has_open_rule(rulebook):
        return Tagging()
    day = entry.published.date() if entry.published else None
    kept, dropped = in_company(found, day)
    reading = Reading.of(kept, _values(entry, feed))
    held, failed = _asked(rulebook, reading)
    misses = (*dropped, *_misses(failed, reading))
    if not held:
        return Tagging(misses=(*_blocked(found), *misses))
    return replace(_tagging(held, rulebook), misses=misses, names=tuple(_names(kept, found)))


def _names(kept: Sequence[Mention], found: Sequence[Mention]) -> Iterator[Name]:
    """Each entity once, unless it is but one of a list of states or where a report was sent
    from; the title stands first, so its mention decides.

    Places and persons too that nothing near vouches for, where a state they belong to is named:
    they prove no topic, but tell one happening from another.
    """
    named = [one for one in kept if one.entity and not one.listed]
    states = {one.entity.country for one in named if one.entity}
    unsure = [
        one
        for one in found
        if one.entity and one.entity.type in _TELLING_APART and one.entity.country in states
    ]
    told = set()
    for one in (*named, *unsure):
        if (who := one.entity) and who.id not in told:
            told.add(who.id)
            yield Name(who.id, who.type, who.country, one.place == TITLE)


_TELLING_APART = frozenset(("city", "mine", "person"))


def _has_open_rule(rulebook: Rulebook) -> bool:
    return any(rule.anchors is None for rule in rulebook.rules)


def _values(entry: Entry, feed: Feed | None) -> Mapping[str, tuple[str, ...]]:
    """What queries can ask of the entry and its feed besides the text."""
    given = feed or Feed(entry.feed)
    values = {
        "source": (given.name,),
        "lang": (entry.language or given.language or "",),
        "country": (given.country or "",),
        "author": (entry.author,),
        "category": entry.categories,
        "url": (entry.link,),
    }
    return {name: tuple(filter(None, texts)) for name, texts in values.items()}


def _asked(rulebook: Rulebook, reading: Reading) -> tuple[list[_Held], list[Rule]]:
    """The rules that hold, and those that could have; topics found are noted for the next."""
    held: list[_Held] = []
    failed: list[Rule] = []
    for rule in rulebook.rules:
        if rule.anchors is not None and rule.anchors.isdisjoint(reading.mentions):
            continue
        evidence = holds(rule.query, reading)
        if evidence is None:
            failed.append(rule)
            continue
        held.append(_Held(rule, evidence))
        for topic in (rule.topic, *rulebook.topic_by_name[rule.topic].implies):
            reading.topics.setdefault(topic, evidence)
    return held, failed


def _misses(failed: Sequence[Rule], reading: Reading) -> Iterator[str]:
    """What the rules lack that nearly held, and whose topics were not found otherwise; those
    that build on a topic that is not there are not near.
    """
    for rule in failed:
        asked = {key[6:] for key in atoms_of(rule.query) if key.startswith("topic:")}
        if rule.topic in reading.topics or (asked and asked.isdisjoint(reading.topics)):
            continue
        if lack := missing(rule.query, reading):
            yield f"{rule.topic}: {lack} (rule {rule.id})"


def _tagging(held: Sequence[_Held], rulebook: Rulebook) -> Tagging:
    topics = rulebook.topic_by_name
    own = {one.rule.topic for one in held}
    implied = {name for topic in own for name in topics[topic].implies}
    gravest = max(held, key=_rank)
    subjects = [one for one in held if topics[one.rule.topic].kind == "subject"]
    return Tagging(
        topics=frozenset(own | implied),
        severity=gravest.rule.severity,
        matches=tuple(dict.fromkeys(_matches(held, rulebook, implied - own))),
        reasons=tuple(_reasons(subjects, gravest, implied)),
    )


def _rank(held: _Held) -> tuple[Severity, str]:
    return held.rule.severity, held.rule.id


def _reasons(subjects: Sequence[_Held], gravest: _Held, implied: set[str]) -> Iterator[str]:
    """The gravest rule of each subject that goes not without saying, then what else made it
    as grave as it is.
    """
    best = {
        topic: max((one for one in subjects if one.rule.topic == topic), key=_rank)
        for topic in {one.rule.topic for one in subjects} - implied
    }
    told = sorted(best.values(), key=_rank, reverse=True)
    for one in told:
        yield f"{one.rule.topic}: {one.rule.why}: {_words(one)}"
    if all(one.rule.severity < gravest.rule.severity for one in told):
        yield f"{gravest.rule.severity.label}: {gravest.rule.why}: {_words(gravest)}"


def _words(held: _Held) -> str:
    named = dict.fromkeys(
        _named(one.text, one.entity.name if one.entity else "") for one in held.evidence
    )
    return ", ".join(list(named)[:_SHOWN])


def _named(text: str, name: str) -> str:
    """What was read, and whom it means where the text says another name."""
    return f'"{text}" ({name})' if name and name.casefold() != text.casefold() else f'"{text}"'


def _matches(held: Sequence[_Held], rulebook: Rulebook, implied: set[str]) -> Iterator[Match]:
    """The evidence of every topic; one that is only implied has that of what implies it."""
    for rule, evidence in held:
        own = rulebook.topic_by_name[rule.topic].implies & implied
        for topic in (rule.topic, *sorted(own)):
            for one in evidence[:_KEPT]:
                yield _match(topic, rule, one)


def _match(topic: str, rule: Rule, one: Mention) -> Match:
    start, end = one.hit.span
    entity = one.entity
    return Match(
        topic=topic,
        rule=rule.id,
        field=one.field,
        start=start,
        end=end,
        text=one.text,
        entity=entity.id if entity else None,
        name=entity.name if entity else None,
    )


def _blocked(found: Sequence[Mention]) -> tuple[str, ...]:
    words = dict.fromkeys(one.text for one in found if one.hit.term.role is Role.BLOCKER)
    return tuple(f'"{one}" is none of ours' for one in words)
