"""The rulebook: topics, rules, concepts and entities, compiled from their files' texts.

Files: entities/*.csv (who and what), concepts.toml (word lists by name), blockers.txt (phrases
that swallow a name), topics.toml (the labels), rules.toml (when they hold); lexicon.csv,
stopwords.txt and likeness.toml (what texts are compared by). A rulebook whose
own samples fail does not load.
"""

from monitor.core.rulebook.compile import COMPARING, compile_rulebook, version_of
from monitor.core.rulebook.model import Rule, Rulebook, Sample, Topic

__all__ = ["COMPARING", "Rule", "Rulebook", "Sample", "Topic", "compile_rulebook", "version_of"]
