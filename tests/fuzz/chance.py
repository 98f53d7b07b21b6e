"""How much is tried: a little in `make quick`, EXAMPLES of each property in `make fuzz`; and what
texts are made of that strangers write.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
few = settings(max_examples=40, suppress_health_check=_SLOW)
chances = (
    settings(few, max_examples=int(os.environ["EXAMPLES"]), derandomize=False)
    if os.environ.get("EXAMPLES")
    else few
)

# Ends of lines, controls, marks on letters, turned and joined writing, emoji, lone surrogates.
_ODD = (
    *("\n", "\r", "\t", "\x00", "\x1b[2J", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\xa0"),
    *("\u0301", "\u0308", "\u0306", "\u064b", "\u0640", "\u00ad", "\u200b", "\u200d", "\ufe0f"),
    *("\u202e", "\u2066", "\u2069", "\u061c", "\ufeff", "\ud800", "\U000e0041", "\uffff", "  "),
    *(
        "👩🏽\u200d🚀",
        "🇲🇱",
        "ﷺ",
        "ﬁ",
        "İ",
        "ß",
        "ſ",
        "\u212a",
        "ʼ",
        "’",
        "—",
        "-",
        "œ",
        "ـ",
        "ال",
        "لل",
    ),
    *("&amp;", "&#x202e;", "&#0;", "&eacute;", "&", "<b>", "</b>", "<", "]]>", '"', "'", "{0}"),
)
odd = st.one_of(st.sampled_from(_ODD), st.text(max_size=8), st.characters())


def made_of(*known: str, most: int = 20) -> st.SearchStrategy[str]:
    """Texts of known words and odd ones, with and without blanks between them."""
    word = st.one_of(st.sampled_from(known), odd) if known else odd
    words = st.lists(word, max_size=most)
    return st.builds(str.join, st.sampled_from(["", " "]), words)
