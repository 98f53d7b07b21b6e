"""A desk: judges entries one poll after the other, and remembers them as the service does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.core.commit import Commit, gather
from monitor.core.identity import identify
from monitor.core.models import Entry, Feed, Route, Verdict
from monitor.core.rulebook import Rulebook
from monitor.core.triage import Policy
from monitor.edges.store.memory import MemoryStore
from monitor.service.deciding import decide
from tests import make


class Desk:
    """Judges entries, with what went before as the knowledge it is given."""

    def __init__(self, rulebook: Rulebook, *routes: Route, **policy: Any) -> None:
        self.policy = Policy(rulebook, routes or (make.route("desk"),), **policy)
        self.store = MemoryStore()
        self.last: Commit | None = None

    def judge(
        self,
        *entries: Entry,
        feed: Feed = make.FEED,
        later: float = 0,
        first_poll: bool = False,
    ) -> tuple[Verdict, ...]:
        paired = tuple(zip(entries, identify(entries), strict=True))
        now = make.at(later)
        decided = decide(self.store, feed, paired, self.policy, now, first_poll=first_poll)
        revision = self.store.feed_state(feed.key).revision + 1
        state = make.state(revision)
        verdicts, known = decided.verdicts, decided.known
        cadences = self.policy.cadences
        self.last = gather(feed.key, feed.url, state, verdicts, known, now=now, cadences=cadences)
        assert self.store.commit(self.last)
        return verdicts


def outcomes(verdicts: Sequence[Verdict]) -> list[str]:
    """Where the entries ended."""
    return [one.outcome.value for one in verdicts]
