"""A candidate rulebook beside the live one: what it would do otherwise is logged and counted, and
nothing else comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from monitor.core.canary import is_canary
from monitor.core.errors import BadInput
from monitor.core.models import Feed, Route, Verdict
from monitor.core.parse.plain import shorten
from monitor.core.rulebook import Rulebook
from monitor.core.shadow import Difference, counts, differ, is_read
from monitor.edges.settings import Settings
from monitor.edges.store.redis import RedisStore
from monitor.service.checking import check_shadow
from monitor.service.clockwork import utc_now
from monitor.service.pipeline import Polled

# Characters of a reason in the log.
_REASON = 400

log = structlog.get_logger("monitor")


@dataclass(frozen=True, slots=True)
class Shadow:
    """Compares what polls decided with what the candidate would make of it. `count` adds to the
    counts of the candidate of a version.
    """

    candidate: Rulebook
    routes: Sequence[Route]
    count: Callable[[str, Mapping[str, int], datetime], None]

    def __call__(self, polled: Polled) -> None:
        """Log each entry that was read and that differs; count all that were read."""
        ours = polled.committed and not is_canary(polled.feed)
        read = [one for one in polled.verdicts if is_read(one)] if ours else []
        if not read:
            return
        found = []
        for one in read:
            if other := differ(one, polled.feed, self.candidate, self.routes):
                found.append(other)
                _report(one, polled.feed, other)
        self.count(self.candidate.version, counts(len(read), found), utc_now())


def _report(verdict: Verdict, feed: Feed, other: Difference) -> None:
    ways = {kind: list(getattr(other, kind)) for kind in other.kinds}
    words = {"title": verdict.entry.title, "feed": feed.shown, "outcome": verdict.outcome.value}
    log.info("shadow", **words, **ways, why=shorten(other.reason, _REASON))


def shadow_of(settings: Settings, store: RedisStore) -> Shadow | None:
    """The configured candidate; None where there is none, or a broken one, which is told."""
    try:
        candidate = check_shadow(settings)
    except BadInput as bad:
        for fault in bad.faults:
            log.warning("shadow rulebook is not used, the live one goes on", why=str(fault))
        return None
    return Shadow(candidate, settings.routes, store.count_shadow) if candidate else None
