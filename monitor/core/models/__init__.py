"""The things that travel from feed to delivery: one frozen type for each stage.

No library is known here. All times are aware datetimes in UTC; durations are seconds as
float. Each name is defined in docs/design.md, "Words".
"""

from monitor.core.models.applied import (
    Attempt,
    Delivery,
    FeedState,
    Logged,
)
from monitor.core.models.compared import (
    EventRef,
    Fingerprint,
    Indexed,
    Known,
    Lookup,
    Near,
    Place,
    Remembered,
    Verdict,
    Windows,
)
from monitor.core.models.decided import (
    Alert,
    Carrier,
    Identity,
    Line,
    Match,
    Name,
    Route,
    Seen,
    Story,
    StoryRef,
    Tagging,
)
from monitor.core.models.gathered import (
    Document,
    Entry,
    Failure,
    Feed,
    NotModified,
    Parsed,
    Validators,
)
from monitor.core.models.labels import (
    DeliveryState,
    Outcome,
    PollOutcome,
    Sameness,
    Severity,
)
from monitor.core.models.receiving import (
    Cadence,
    Condition,
    Pace,
    Receiver,
    Silence,
)

__all__ = [
    "Alert",
    "Attempt",
    "Cadence",
    "Carrier",
    "Condition",
    "Delivery",
    "DeliveryState",
    "Document",
    "Entry",
    "EventRef",
    "Failure",
    "Feed",
    "FeedState",
    "Fingerprint",
    "Identity",
    "Indexed",
    "Known",
    "Line",
    "Logged",
    "Lookup",
    "Match",
    "Name",
    "Near",
    "NotModified",
    "Outcome",
    "Pace",
    "Parsed",
    "Place",
    "PollOutcome",
    "Receiver",
    "Remembered",
    "Route",
    "Sameness",
    "Seen",
    "Severity",
    "Silence",
    "Story",
    "StoryRef",
    "Tagging",
    "Validators",
    "Verdict",
    "Windows",
]
