"""Compiling a rulebook, and what is said of a faulty one."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.errors import BadInput
from monitor.core.models import Severity
from monitor.core.rulebook import compile_rulebook
from monitor.core.samples import check_samples

HEAD = "id,name,type,side,en,fr,ru,ar,ambiguous,company,note\n"
GOOD = {
    "entities.csv": HEAD
    + "Q912,Mali,country,sahel,Mali,Mali,Мали,مالي,,,\n"
    + "Q159,Russia,country,russia,Russia|Moscow,Russie,Россия,روسيا,Moscow,army,\n",
    "concepts.toml": '[sport]\nen = ["match"]\n[army]\nen = ["troop*"]\n',
    "blockers.txt": "# comment\nMali GPU\n\n",
    "topics.toml": '[sahel]\nside = "sahel"\nthreshold = 2\nagainst = { sport = 2 }\n'
    '[both]\nimplies = ["sahel"]\n',
    "rules.toml": '[[rules]]\nid = "s"\ntopic = "sahel"\nseverity = "low"\nwhy = "w"\n'
    'must_match = ["Mali votes"]\nmust_not_match = ["Mali GPU"]\n'
    '[[rules]]\nid = "b"\ntopic = "both"\nseverity = "high"\nwhy = "w"\n'
    'near = ["side:sahel", "side:russia"]\nwithin = 5\nany = ["concept:army", "entity:Q912"]\n',
}


def faults(**changed: str | None) -> list[str]:
    """What is said of the good rulebook with some files changed (None: taken away)."""
    names = {name.replace(".", "_"): name for name in GOOD}
    files: dict[str, Any] = GOOD | {names[key]: text for key, text in changed.items()}
    with pytest.raises(BadInput) as told:
        check_samples(
            compile_rulebook({name: text for name, text in files.items() if text is not None})
        )
    return [str(one) for one in told.value.faults]


def test_a_good_rulebook_has_topics_rules_and_a_version_that_follows_its_text() -> None:
    rulebook = compile_rulebook(GOOD)
    check_samples(rulebook)
    assert rulebook.topics == ("sahel", "both")
    assert [one.severity for one in rulebook.rules] == [Severity.LOW, Severity.HIGH]
    assert rulebook.rules[1].near == ("side:sahel", "side:russia")
    changed = compile_rulebook(GOOD | {"blockers.txt": "Mali G"})
    assert changed.version != rulebook.version


def test_a_missing_file_is_named() -> None:
    assert faults(blockers_txt=None) == ["blockers.txt: is missing from the rulebook"]


def test_all_faults_of_all_files_are_told_at_once_with_line_or_key() -> None:
    said = faults(
        entities_csv=HEAD
        + "Q912,Mali,country,sahell,Mali,,,,,,\n"
        + ",Chad,country,sahel,Chad,,,,,,\n"
        + "short,row\n"
        + "Q1,A,city,sahel,A,,,,,,\nQ1,B,city,sahel,B,,,,,,\n",
        concepts_toml='[sport]\nen = ["mat*ch", "*"]\n[bad]\nen = "word"\n',
        topics_toml='[sahel]\nside = "sahel"\nagainst = { sprot = 1 }\nimplies = ["sahl"]\n',
        rules_toml='[[rules]]\nid = "a"\ntopic = "sahl"\nseverity = "hig"\nwhy = ""\n'
        'wihtin = 3\nnear = ["side:sahel", "sid:x"]\nany = ["concept:sprot", "entity:Q2"]\n'
        '[[rules]]\nid = "b"\n[[rules]]\nid = 3\ntopic = "sahel"\nseverity = "low"\nwhy = "w"\n'
        'near = ["side:sahel"]\nwithin = "far"\nmust_match = "Mali"\n',
    )
    assert said == [
        "entities.csv:2: side 'sahell' is unknown (one of sahel, russia, both, context)",
        "entities.csv:3: has no id or no name",
        "entities.csv:4: has not as many columns as the first line (quote texts that hold a comma)",
        "entities.csv:6: id Q1 is A's already",
        "concepts.toml: sport.en: 'mat*ch': only one * and only at the end",
        "concepts.toml: sport.en: '*': only one * and only at the end",
        "concepts.toml: bad: is not a table of word lists",
        "topics.toml: sahel.against: there is no concept sprot (did you mean sport?)",
        "topics.toml: sahel.implies: there is no topic sahl (did you mean sahel?)",
        "rules.toml: rules[0]: there is no key wihtin (did you mean within?)",
        "rules.toml: rules[0].topic: there is no topic sahl (did you mean sahel?)",
        "rules.toml: rules[0].severity: there is no severity hig (did you mean high?)",
        "rules.toml: rules[0].near: 'sid:x' is no condition (side:, concept: or entity:)",
        "rules.toml: rules[0].any: there is no concept sprot (did you mean sport?)",
        "rules.toml: rules[0].any: there is no entity Q2",
        "rules.toml: rules[1].topic: is missing",
        "rules.toml: rules[1].why: is missing",
        "rules.toml: rules[1].severity: is missing",
        "rules.toml: rules[2].id: wants a text",
        "rules.toml: rules[2].near: wants two conditions",
        "rules.toml: rules[2].within: wants a whole number",
        "rules.toml: rules[2].must_match: wants a list of texts",
    ]


def test_columns_that_are_missing_are_named() -> None:
    assert faults(entities_csv="id,name\n", rules_toml="")[0] == (
        "entities.csv:1: columns are missing: ambiguous, ar, company, en, fr, ru, side, type"
    )


def test_topics_of_the_wrong_form_are_named() -> None:
    said = faults(
        topics_toml='[sahel]\nside = "north"\nthreshold = "2"\nagainst = { sport = "x" }\n'
        'company = ["sprot"]\ncolour = 1\n',
        rules_toml="rules = [3]\n",
    )
    assert said == [
        "topics.toml: sahel: there is no key colour",
        "topics.toml: sahel.side: wants one of sahel, russia, both, context",
        "topics.toml: sahel.threshold: wants a number",
        "topics.toml: sahel.against: wants a table of numbers",
        "topics.toml: sahel.company: there is no concept sprot (did you mean sport?)",
        "rules.toml: rules[0]: is not a table",
    ]


def test_toml_that_does_not_parse_is_named_with_its_line() -> None:
    (said,) = faults(rules_toml='[[rules]]\nid = "a\n')
    assert said.startswith("rules.toml:2: is not valid TOML")


def test_two_rules_of_one_name_and_an_unclosed_file_are_refused() -> None:
    twice = GOOD["rules.toml"] + GOOD["rules.toml"]
    assert "rules.toml: rules[2].id: s is another rule's id too" in faults(rules_toml=twice)
    (said,) = faults(rules_toml="[[rules")
    assert said.startswith("rules.toml")


def test_a_rule_whose_samples_fail_is_named_with_the_sample() -> None:
    rules = GOOD["rules.toml"].replace("Mali votes", "Chad votes").replace("Mali GPU", "Mali")
    assert faults(rules_toml=rules) == [
        "rules.toml: rule s: must match, but does not: Chad votes",
        'rules.toml: rule s: must not match, but does: Mali (sahel: w: "Mali" (Mali))',
    ]
