"""When a feed is visited next, where, and with which conditions; what a visit teaches."""

from monitor.core.polling.bounds import Polling
from monitor.core.polling.life import HEALTHS, health
from monitor.core.polling.reasons import why
from monitor.core.polling.silence import silence
from monitor.core.polling.visits import (
    Approach,
    after_failure,
    after_push,
    after_reading,
    next_visit,
)

__all__ = [
    "HEALTHS",
    "Approach",
    "Polling",
    "after_failure",
    "after_push",
    "after_reading",
    "health",
    "next_visit",
    "silence",
    "why",
]
