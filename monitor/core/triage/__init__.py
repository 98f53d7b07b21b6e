"""The product: entries and what is known of them -> what to tell whom, and why.

The live poll, `replay`, `explain` and every measurement call these same steps (one after the
other in service/deciding), so the measured quality is the shipped quality.

The way of one entry:
  read    seen before?  -> tag  -> fingerprint
  place   which story does it carry, which event does it tell of?
  tell    fresh enough?  -> route  -> alert, update, or why not
Tagging comes before comparing: only what carries a topic is compared and remembered as
a story, so the cost follows what matters.
"""

from monitor.core.triage.placing import place
from monitor.core.triage.policy import Policy
from monitor.core.triage.reading import Case, lookup, read
from monitor.core.triage.telling import tell

__all__ = ["Case", "Policy", "lookup", "place", "read", "tell"]
