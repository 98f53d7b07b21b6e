"""Reading entries: was it seen before, what is it about, and what to compare it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.core.dedupe import claims, revisit
from monitor.core.digest import digest
from monitor.core.likeness.blocks import copy_blocks, event_blocks
from monitor.core.likeness.fingerprint import take
from monitor.core.models import (
    Entry,
    Feed,
    Fingerprint,
    Identity,
    Known,
    Lookup,
    Sameness,
    Seen,
    Tagging,
)
from monitor.core.novelty import CORRECTION
from monitor.core.rulebook import Rulebook
from monitor.core.tagging import tag
from monitor.core.text import fold_text


@dataclass(frozen=True, slots=True)
class Case:
    """One entry with what was found in it.

    `sameness`: SAME_ID where its feed showed it before unchanged (it is not read again then),
    UPDATED where with another text, else NEW. A skimmed entry has no tagging, for its text was
    not read. `fingerprint`: None where it has no topic;
    `withdrawn`: it has none any more, and says that it was corrected.
    """

    feed: Feed
    entry: Entry
    identity: Identity
    sameness: Sameness
    tagging: Tagging = field(default_factory=Tagging)
    fingerprint: Fingerprint | None = None
    withdrawn: bool = False

    @property
    def name(self) -> str:
        """How people and later verdicts refer to the entry."""
        return self.entry.id or self.entry.link or self.identity.id

    @property
    def own(self) -> str:
        """What a story or event that begins with this entry is called, after its letter; of a
        name used again for another text, that text's.
        """
        again = (self.identity.text,) if self.sameness is Sameness.UPDATED else ()
        return digest(self.feed.url, self.identity.id, *again)


def read(
    feed: Feed,
    entries: Sequence[tuple[Entry, Identity]],
    seen: Mapping[str, Seen],
    rulebook: Rulebook,
) -> tuple[Case, ...]:
    """Read the entries of one poll, in feed order; earlier ones count as seen."""
    return tuple(_read(feed, entries, dict(seen), rulebook))


def _read(
    feed: Feed,
    entries: Sequence[tuple[Entry, Identity]],
    seen: dict[str, Seen],
    rulebook: Rulebook,
) -> Iterator[Case]:
    for entry, identity in entries:
        sameness = revisit(seen.get(identity.id), identity)
        seen[identity.id] = Seen(identity.text)
        if sameness is Sameness.SAME_ID or entry.skimmed:
            yield Case(feed, entry, identity, sameness)
            continue
        tagging = tag(entry, rulebook, feed)
        yield Case(
            feed,
            entry,
            identity,
            sameness,
            tagging,
            _fingerprint(entry, feed, tagging, rulebook) if tagging.topics else None,
            sameness is Sameness.UPDATED and not tagging.topics and _takes_back(entry, rulebook),
        )


def _takes_back(entry: Entry, rulebook: Rulebook) -> bool:
    """Whether a text says that it was corrected or withdrawn."""
    folded = fold_text(f"{entry.title} {entry.summary}")
    return any(name == CORRECTION for name, _, _ in rulebook.lexicon.find(folded, ""))


def _fingerprint(entry: Entry, feed: Feed, tagging: Tagging, rulebook: Rulebook) -> Fingerprint:
    topics = rulebook.topic_by_name
    kinds = [name for name in tagging.topics if topics[name].kind == "event"]
    return take(entry, feed, tagging.names, kinds, rulebook.lexicon)


def lookup(case: Case, known: Known) -> Lookup:
    """What to look for that may be like an entry; nothing for one without a topic."""
    if case.fingerprint is None:
        return Lookup()
    named = [known.stories[one].id for one in claims(case.identity) if one in known.stories]
    earlier = known.seen.get(case.identity.id)
    own = [earlier.story] if earlier and earlier.story else []
    blocks = (*copy_blocks(case.fingerprint), *event_blocks(case.fingerprint))
    marks = case.fingerprint.names | case.fingerprint.concepts
    return Lookup(blocks, tuple(dict.fromkeys((*own, *named))), marks)
