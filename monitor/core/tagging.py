"""What an entry is about: from names and words to topics, with the evidence.

  find names and concepts -> keep the sure ones, and the unsure in good company
  -> weigh each topic     -> ask the rules -> topics, severity, matches, reasons

A topic needs a rule that holds and enough weight; words of sport, culture and the like
count against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitor.core.gazetteer import Role
from monitor.core.mentions import LISTED, TITLE, Mention, find_mentions, in_company
from monitor.core.models import Entry, Match, Severity, Tagging
from monitor.core.rulebook import Rule, Rulebook, Topic

# A word this near to a name stands beside it.
_BESIDE = 3


def tag(entry: Entry, rulebook: Rulebook) -> Tagging:
    """The topics of an entry with their evidence, or what nearly made one."""
    found = find_mentions(entry, rulebook.gazetteer)
    named = [one for one in found if one.entity and one.entity.side != "context"]
    if not named:
        return Tagging(misses=_blocked(found))
    kept, dropped = in_company(found)
    held = [(rule, *_held(rule, kept, rulebook.topic_by_name)) for rule in rulebook.rules]
    holding = [(rule, evidence) for rule, evidence, _ in held if evidence]
    misses = tuple(dict.fromkeys(why for _, evidence, why in held if why and not evidence))
    if not holding:
        return Tagging(misses=(*_blocked(found), *dropped, *misses))
    return _tagging(holding, rulebook, dropped)


def _tagging(
    holding: Sequence[tuple[Rule, tuple[Mention, ...]]],
    rulebook: Rulebook,
    dropped: tuple[str, ...],
) -> Tagging:
    own = {rule.topic for rule, _ in holding}
    implied = {name for topic in own for name in rulebook.topic_by_name[topic].implies}
    matches = [_match(rule, one) for rule, evidence in holding for one in evidence]
    best = {topic: max((r for r, _ in holding if r.topic == topic), key=_rank) for topic in own}
    # What another topic implies goes without saying.
    leading = sorted(own - implied, key=lambda topic: _rank(best[topic]), reverse=True)
    reasons = [_reason(best[topic], dict(holding)[best[topic]]) for topic in leading]
    return Tagging(
        topics=frozenset(own | implied),
        severity=max((rule.severity for rule, _ in holding), default=Severity.LOW),
        matches=tuple(dict.fromkeys(matches)),
        reasons=tuple(reasons),
        misses=dropped,
    )


def _rank(rule: Rule) -> tuple[Severity, str]:
    return rule.severity, rule.id


def _held(
    rule: Rule, mentions: Sequence[Mention], topics: Mapping[str, Topic]
) -> tuple[tuple[Mention, ...], str]:
    """The evidence for which a rule holds; else () and what was missing, if it was close."""
    topic = topics[rule.topic]
    if topic.side and (lacking := _too_light(topic, mentions)):
        return (), lacking
    evidence = _near(rule, mentions) if rule.near else _about(topic, mentions)
    if not evidence:
        return (), _apart(rule, mentions)
    if not topic.side and (lacking := _outweighed(topic, evidence, mentions)):
        return (), lacking
    if not rule.any:
        return evidence, ""
    more = tuple(one for one in mentions if any(one.meets(each) for each in rule.any))
    return ((*evidence, *more), "") if more else ((), "")


def _too_light(topic: Topic, mentions: Sequence[Mention]) -> str:
    """Why a topic does not weigh enough; "" where it does, or is not there at all."""
    about = _about(topic, mentions)
    if not about:
        return ""
    if _in_passing(topic, about, mentions):
        return f"{topic.name}: named in passing, beside no word of its matters"
    weight = _weight(about) + _beside(topic, about, mentions)
    return _lacking(topic, weight, _against(topic, mentions))


def _weight(about: Sequence[Mention]) -> float:
    """The best place of each name, and a little for each repeat."""
    best: dict[str, float] = {}
    for one in about:
        key = one.entity.id if one.entity else ""
        best[key] = max(best.get(key, 0.0), one.weight)
    return sum(best.values()) + 0.5 * (len(about) - len(best))


def _beside(topic: Topic, about: Sequence[Mention], mentions: Sequence[Mention]) -> float:
    """What the best word next to a name adds ("Russian missiles", not "Russian winters")."""
    added = [
        topic.beside[word.hit.term.name]
        for word in mentions
        if word.entity is None and word.hit.term.name in topic.beside
        if any(one.field == word.field and _distance(one, word) < _BESIDE for one in about)
    ]
    return max(added, default=0.0)


def _outweighed(topic: Topic, evidence: Sequence[Mention], mentions: Sequence[Mention]) -> str:
    """Why the names a rule found weigh too little against what speaks against its topic."""
    return _lacking(topic, sum(one.weight for one in evidence), _against(topic, mentions))


def _lacking(topic: Topic, weight: float, against: float) -> str:
    """What a topic lacks to its threshold; "" where nothing."""
    if weight - against >= topic.threshold:
        return ""
    counted = f" less {against:g} for words against it" if against else ""
    return f"{topic.name}: weight {weight:g}{counted}, {topic.threshold:g} needed"


def _in_passing(topic: Topic, about: Sequence[Mention], mentions: Sequence[Mention]) -> bool:
    """Whether a topic lacks the words it wants: `company` where no title names its side,
    `outright` where a title does, but nothing except adjectives and places does so.
    """
    in_title = any(one.field == "title" for one in about)
    wanted = topic.outright if in_title else topic.company
    if not wanted or (in_title and any(not one.hit.term.weak for one in about)):
        return False
    return all(one.entity or one.hit.term.name not in wanted for one in mentions)


def _against(topic: Topic, mentions: Sequence[Mention]) -> float:
    """What speaks against a topic: each concept once for each different word of it."""
    words = {
        (one.hit.term.name, one.hit.term.text): one.weight
        for one in mentions
        if one.entity is None and one.hit.term.name in topic.against
    }
    return sum(
        topic.against[name] * (1.5 if weight >= TITLE else 1.0)
        for (name, _), weight in words.items()
    )


def _about(topic: Topic, mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    return tuple(one for one in mentions if one.meets(f"side:{topic.side}"))


def _near(rule: Rule, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """The closest pair that meets both conditions, in the title before elsewhere."""
    first, second = rule.near or ("", "")
    pairs = [
        (_distance(left, right), -left.weight - right.weight, left.word, (left, right))
        for left in mentions
        if left.meets(first) and left.weight > LISTED
        for right in mentions
        if right.meets(second) and right.weight > LISTED
    ]
    close = [pair for pair in pairs if pair[0] <= rule.within]
    if not close:
        return ()
    best = min(close, key=lambda pair: (pair[1], pair[0], pair[2]))[3]
    return tuple(dict.fromkeys(best))


def _distance(left: Mention, right: Mention) -> int:
    first, second = sorted((left, right), key=lambda one: one.word)
    return max(0, second.word - first.word - first.length)


def _apart(rule: Rule, mentions: Sequence[Mention]) -> str:
    if rule.near and all(any(one.meets(each) for one in mentions) for each in rule.near):
        both = " and ".join(rule.near)
        return f"{rule.topic}: {both} are more than {rule.within} words apart"
    return ""


def _match(rule: Rule, one: Mention) -> Match:
    start, end = one.hit.span
    entity = one.entity
    return Match(
        topic=rule.topic,
        rule=rule.id,
        field=one.field,
        start=start,
        end=end,
        text=one.text,
        entity=entity.id if entity else None,
        name=entity.name if entity else None,
    )


def _reason(rule: Rule, evidence: Sequence[Mention]) -> str:
    words = dict.fromkeys(
        f'"{one.text}"' + (f" ({one.entity.name})" if one.entity else "") for one in evidence
    )
    return f"{rule.topic}: {rule.why}: {', '.join(list(words)[:4])}"


def _blocked(found: Sequence[Mention]) -> tuple[str, ...]:
    return tuple(
        f'"{one.text}" is none of ours' for one in found if one.hit.term.role is Role.BLOCKER
    )
