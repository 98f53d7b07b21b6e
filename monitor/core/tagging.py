"""What an entry is about: from names and words to topics, with the evidence.

  find names and concepts -> keep the sure ones, and the unsure in good company
  -> weigh each topic     -> ask the rules -> topics, severity, matches, reasons

Title and summary are looked at as one text, the title first. A topic needs a rule that
holds and enough weight: a name in the title counts most, one early in the summary less,
one further down or in a list of countries little; words of sport, culture and the like
count against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.core.gazetteer import Entity, Gazetteer, Hit, Role
from monitor.core.models import Entry, Match, Severity, Tagging
from monitor.core.rulebook import Rule, Rulebook, Topic
from monitor.core.text import Words, fold

_TITLE, _EARLY, _LATE, _LISTED = 3.0, 2.0, 1.0, 0.5
# Words of the summary that count as its beginning.
_LEAD_WORDS = 45
# As many different states as this, close together, are a list.
_LIST = 4
_LIST_WORDS = 3
_VOUCHING = frozenset(("country", "pmc"))
# The concept that names other states.
STATES = "states"


@dataclass(frozen=True, slots=True)
class Mention:
    """A name or concept in its field, and at which word of title plus summary it stands."""

    hit: Hit
    field: str
    text: str
    word: int
    length: int
    entity: Entity | None = None
    weight: float = 0.0

    def meets(self, condition: str) -> bool:
        """Whether this is evidence for a condition of a rule."""
        kind, _, name = condition.partition(":")
        if self.entity is None:
            return kind == "concept" and self.hit.term.name == name
        if kind == "entity":
            return self.entity.id == name
        sides = {"sahel", "russia"} if self.entity.side == "both" else {self.entity.side}
        return kind == "side" and name in sides


def tag(entry: Entry, rulebook: Rulebook) -> Tagging:
    """The topics of an entry with their evidence, or what nearly made one."""
    found = _mentions(entry, rulebook.gazetteer)
    named = [one for one in found if one.entity and one.entity.side != "context"]
    if not named:
        return Tagging(misses=_blocked(found))
    kept, dropped = _in_company(found)
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


def _mentions(entry: Entry, gazetteer: Gazetteer) -> list[Mention]:
    """All names and concepts of title and summary, in their order."""
    mentions: list[Mention] = []
    offset = 0
    for name, text in (("title", entry.title), ("summary", entry.summary)):
        folded = fold(text)
        hits = gazetteer.find(text, folded)
        words = Words.of(folded.text) if hits or name == "title" else Words(())
        for hit in hits:
            entity = gazetteer.entities.get(hit.term.name)
            length = 1 + words.index(hit.folded[1] - 1) - words.index(hit.folded[0])
            written = text[hit.span[0] : hit.span[1]]
            word = offset + words.index(hit.folded[0])
            is_name = hit.term.role is Role.ENTITY
            mentions.append(Mention(hit, name, written, word, length, entity if is_name else None))
        offset += len(words.starts)
    return mentions


def _in_company(found: Sequence[Mention]) -> tuple[list[Mention], tuple[str, ...]]:
    """Weighed mentions without the unsure ones that stand alone, and why those went."""
    names = [one for one in found if one.entity]
    sure = [one for one in names if one.hit.term.sure and _side(one) != "context"]
    words = {one.hit.term.name for one in found if one.hit.term.role is Role.CONCEPT}
    states = [one for one in found if _is_state(one)]
    kept, dropped = [], []
    title_words = 1 + max([one.word for one in found if one.field == "title"], default=0)
    for one in found:
        if one.hit.term.role is Role.BLOCKER:
            continue
        if one.entity and not one.hit.term.sure and not _supported(one, sure, names, words):
            dropped.append(f'"{one.text}" may be {one.entity.name}, but nothing near says so')
            continue
        kept.append(_weighed(one, states, title_words))
    return kept, tuple(dict.fromkeys(dropped))


def _supported(
    one: Mention, sure: Sequence[Mention], names: Sequence[Mention], words: set[str]
) -> bool:
    """An unsure name needs a sure one of its own side or a word of its trade; a state and a
    private army of the other side vouch for each other ("Mali", "Wagner").
    """
    own = any(
        _side(other) in {_side(one), "both"} and other.hit.term.text != one.hit.term.text
        for other in sure
    )
    other_side = {"sahel": "russia", "russia": "sahel"}.get(_side(one))
    vouching = one.entity is not None and one.entity.type in _VOUCHING
    across = vouching and any(_side(other) == other_side for other in names)
    return own or across or not words.isdisjoint(one.hit.term.company)


def _side(one: Mention) -> str:
    return one.entity.side if one.entity else ""


def _weighed(one: Mention, states: Sequence[Mention], title_words: int) -> Mention:
    if one.field == "title":
        weight = _TITLE
    else:
        weight = _EARLY if one.word - title_words < _LEAD_WORDS else _LATE
    if one.entity and one.entity.type == "country" and _listed(one, states):
        weight = min(weight, _LISTED)
    return Mention(one.hit, one.field, one.text, one.word, one.length, one.entity, weight)


def _listed(one: Mention, states: Sequence[Mention]) -> bool:
    """Whether a state stands in a row of many that are not all of the Sahel."""
    row = _row(one, [state for state in states if state.field == one.field])
    foreign = {_state(state) for state in row if _side(state) in {"context", ""}}
    return len({_state(state) for state in row}) >= _LIST and len(foreign) > 1


def _is_state(one: Mention) -> bool:
    if one.entity:
        return one.entity.type == "country"
    return one.hit.term.role is Role.CONCEPT and one.hit.term.name == STATES


def _state(one: Mention) -> str:
    return one.entity.id if one.entity else one.hit.term.text


def _row(one: Mention, states: Sequence[Mention]) -> list[Mention]:
    """The states that follow one another within few words, this one among them."""
    row: list[Mention] = []
    for state in states:
        if row and state.word - (row[-1].word + row[-1].length) > _LIST_WORDS:
            if one in row:
                break
            row = []
        row.append(state)
    return row


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
    if not rule.any:
        return evidence, ""
    more = tuple(one for one in mentions if any(one.meets(each) for each in rule.any))
    return ((*evidence, *more), "") if more else ((), "")


def _too_light(topic: Topic, mentions: Sequence[Mention]) -> str:
    """Why a topic does not weigh enough; "" where it does, or is not there at all."""
    about = _about(topic, mentions)
    best: dict[str, float] = {}
    for one in about:
        key = one.entity.id if one.entity else ""
        best[key] = max(best.get(key, 0.0), one.weight)
    repeats = len(about) - len(best)
    weight = sum(best.values()) + 0.5 * repeats
    against = _against(topic, mentions)
    if not about or weight - against >= topic.threshold:
        return ""
    counted = f" less {against:g} for words against it" if against else ""
    return f"{topic.name}: weight {weight:g}{counted}, {topic.threshold:g} needed"


def _against(topic: Topic, mentions: Sequence[Mention]) -> float:
    """What speaks against a topic: each concept once for each different word of it."""
    words = {
        (one.hit.term.name, one.hit.term.text): one.weight
        for one in mentions
        if one.entity is None and one.hit.term.name in topic.against
    }
    return sum(
        topic.against[name] * (1.5 if weight >= _TITLE else 1.0)
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
        if left.meets(first)
        for right in mentions
        if right.meets(second)
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
