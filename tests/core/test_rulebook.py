"""Compiling a rulebook, and what is said of a faulty or odd one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from monitor.core.errors import BadInput
from monitor.core.models import Entry, Severity
from monitor.core.rulebook import Rulebook, compile_rulebook
from monitor.core.samples import check_samples
from monitor.core.tagging import tag
from monitor.edges.rulebook import SHIPPED

HEAD = "id,name,type,side,country,en,fr,ru,ar,ambiguous,company\n"
GOOD = {
    "entities/states.csv": HEAD
    + "Q912,Mali,country,sahel,ML,Mali,malien~,Мали,مالي,,\n"
    + "Q159,Russia,country,russia,RU,Russia|Moscow,Russie,Россия~,روسيا,Moscow,army\n",
    "concepts.toml": '[sport]\nen = ["match"]\n[army]\nen = ["troop*"]\n',
    "blockers.txt": "# comment\nMali GPU\n\n",
    "topics.toml": '[sahel]\n[both]\nimplies = ["sahel"]\n',
    "rules.toml": '[queries]\nbig = "score/2(side:sahel, #sport^-1)"\n'
    '[[rules]]\nid = "s"\ntopic = "sahel"\nseverity = "low"\nwhy = "w"\nquery = "@big"\n'
    'must_match.en = ["Mali votes"]\nmust_not_match.en = ["Mali GPU"]\n'
    '[[rules]]\nid = "b"\ntopic = "both"\nseverity = "high"\nwhy = "w"\n'
    'query = "side:sahel NEAR/5 side:russia AND (#army OR entity:Mali)"\n',
    "lexicon.csv": "id,en,fr,ru,ar\nvote,vote*,vote*,голос*,اقتراع\n",
    "stopwords.txt": "the le",
    "likeness.toml": (SHIPPED / "likeness.toml").read_text(encoding="utf-8"),
}


def compiled(**changed: str | None) -> Rulebook:
    """The good rulebook with some files changed (None: taken away)."""
    names = {name.rpartition("/")[2].replace(".", "_"): name for name in GOOD}
    files: dict[str, Any] = GOOD | {names[key]: text for key, text in changed.items()}
    rulebook = compile_rulebook({name: text for name, text in files.items() if text is not None})
    check_samples(rulebook)
    return rulebook


def faults(**changed: str | None) -> list[str]:
    """What is said of the good rulebook with some files changed."""
    with pytest.raises(BadInput) as told:
        compiled(**changed)
    return [str(one) for one in told.value.faults]


def one_rule(query: str, **more: str) -> str:
    """A rules.toml with one rule of the topic sahel."""
    rest = "".join(f"{key} = {value}\n" for key, value in more.items())
    return (
        f"[[rules]]\nid = 'r'\ntopic = 'sahel'\nseverity = 'low'\nwhy = 'w'\n"
        f"query = '''{query}'''\n{rest}"
    )


def notes(query: str, more: str = "") -> list[str]:
    """What looks wrong in a rulebook with this rule."""
    rules = one_rule(query) + more
    found = compiled(
        rules_toml=rules,
        concepts_toml="",
        topics_toml="[sahel]\n",
        states_csv=GOOD["entities/states.csv"].replace("Moscow,army", ","),
    ).notes
    return [str(one) for one in found]


def test_a_good_rulebook_has_topics_rules_and_a_version_that_follows_its_text() -> None:
    rulebook = compiled()
    assert rulebook.topics == ("sahel", "both")
    assert [one.severity for one in rulebook.rules] == [Severity.LOW, Severity.HIGH]
    assert rulebook.notes == ()
    assert compiled(blockers_txt="Mali GPU\nMali G").version != rulebook.version


def test_days_may_be_years_or_months_and_end_with_their_last_day() -> None:
    dated = HEAD.strip() + ",from,until\nQ1,A,city,sahel,,A,,,,,,2023,2024-02\n"
    entity = compile_rulebook(GOOD | {"entities/more.csv": dated}).gazetteer.entities["Q1"]
    assert (entity.begins, entity.ends) == (date(2023, 1, 1), date(2024, 2, 29))


def test_a_file_that_is_no_part_of_a_rulebook_changes_nothing() -> None:
    more = compile_rulebook(GOOD | {"notes.txt": "mine", "entities/old.csv.bak": "x"})
    assert more.version == compile_rulebook(GOOD).version


def test_concept_words_inflect_and_an_unknown_language_is_named() -> None:
    rules = one_rule("side:sahel AND #army")
    concepts = '[sport]\nen = ["match"]\n[army]\nru = ["войско~"]\n'
    rulebook = compiled(rules_toml=rules, concepts_toml=concepts)
    entry = Entry(feed="", id="", title="Мали остался без войска")
    assert tag(entry, rulebook).topics == {"sahel"}
    said = faults(concepts_toml='[army]\neng = ["troops"]\n[sport]\nen = ["match"]\n')
    assert said == ["concepts.toml: army: there is no language eng (did you mean en?)"]


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("blockers_txt", "blockers.txt"),
        ("rules_toml", "rules.toml"),
        ("states_csv", "entities/*.csv"),
    ],
)
def test_a_missing_file_is_named(file: str, named: str) -> None:
    assert faults(**{file: None}) == [f"{named}: is missing from the rulebook"]


def test_all_faults_of_all_files_are_told_at_once_with_line_or_key() -> None:
    said = faults(
        states_csv=HEAD
        + "Q912,Mali,country,sahell,ML,Mali,,,,,\n"
        + ",Chad,country,sahel,,Chad,,,,,\n"
        + "short,row\n"
        + "Q1,A,city,sahel,,A,,,,,\nQ1,B,city,sahel,,B,,,,,\n"
        + "Q2,C,city,sahel,Mali,C,,,,,\nQ3,D,city,sahel,,D,,,,E,\n",
        concepts_toml='[sport]\nen = ["mat*ch", "*"]\n[bad]\nen = "word"\n',
        topics_toml='[sahel]\nimplies = ["sahl"]\nkind = "label"\ncolour = 1\n',
        rules_toml='[[rules]]\nid = "a"\ntopic = "sahl"\nseverity = "hig"\nwhy = ""\n'
        'qeury = 3\n[[rules]]\nid = 3\ntopic = "sahel"\nseverity = "low"\nwhy = "w"\n'
        'query = "side:sahel"\nmust_match.de = ["Mali"]\n',
    )
    assert said == [
        "entities/states.csv:2: side 'sahell' is unknown (one of sahel, russia, both, context)",
        "entities/states.csv:3: has no id or no name",
        "entities/states.csv:4: has not as many columns as the first line"
        " (quote texts that hold a comma)",
        "entities/states.csv:6: id Q1 is A's already (entities/states.csv:5)",
        "entities/states.csv:7: country 'Mali' is no code of two capitals (Mali is ML)",
        "entities/states.csv:8: 'E' is ambiguous but no alias",
        "concepts.toml: sport.en: 'mat*ch': only one * and only at the end",
        "concepts.toml: sport.en: '*': too short",
        "concepts.toml: bad: is not a table of word lists",
        "topics.toml: sahel: there is no key colour",
        "topics.toml: sahel.kind: wants one of subject, event, country",
        "topics.toml: sahel.implies: there is no topic sahl (did you mean sahel?)",
        "rules.toml: rule a: there is no key qeury (did you mean query?)",
        "rules.toml: rule a.query: is missing",
        "rules.toml: rule a.topic: there is no topic sahl (did you mean sahel?)",
        "rules.toml: rule a.severity: there is no severity hig (did you mean high?)",
        "rules.toml: rules[1].id: wants a text",
        "rules.toml: rules[1].must_match: wants a table of lists by language (en, fr, ru, ar)",
    ]


def test_columns_that_are_missing_or_unknown_are_named() -> None:
    assert faults(states_csv="id,name\n", rules_toml="")[0] == (
        "entities/states.csv:1: columns are missing:"
        " ambiguous, ar, company, country, en, fr, ru, side, type"
    )
    dated = (
        HEAD.strip()
        + ",from,until\nQ1,A,city,sahel,,A,,,,,,2023-13,\nQ2,B,city,sahel,,B,,,,,,,soon\n"
    )
    said = faults(states_csv=dated, rules_toml="")
    assert "entities/states.csv:2: from '2023-13' is no day (2023, 2023-08 or 2023-08-26)" in said
    assert "entities/states.csv:3: until 'soon' is no day (2023, 2023-08 or 2023-08-26)" in said
    wider = HEAD.strip() + ",colour,from\nQ1,A,city,sahel,,A,,,,,,red,soon\n"
    said = faults(states_csv=wider, rules_toml="")
    assert "entities/states.csv:1: there is no column colour" in said
    assert any("'soon' is no day" in one or "not as many columns" in one for one in said)


@pytest.mark.parametrize(
    ("query", "place", "hint"),
    [
        ("side:sahell", "there is no side sahell", "did you mean sahel?"),
        ("entity:Malli", "there is no entity Malli", "did you mean Mali?"),
        ("about:Mal", "there is no about Mal", "did you mean Mali?"),
        ("topic:bohe", "there is no topic bohe", "did you mean both?"),
        ("#sprot", "there is no concept sprot", "did you mean sport?"),
        ("@bg", "there is no saved query bg", ""),
        ("a AND", "the query ends too soon", "something is missing behind the last word"),
        ("x*", "'x*': too short", ""),
    ],
)
def test_a_wrong_query_is_shown_with_a_caret_and_a_hint(query: str, place: str, hint: str) -> None:
    (said,) = faults(rules_toml=one_rule(query))
    column = len(query) if "soon" in place else 0
    shown = f"{place}\n    {query}\n    {' ' * column}^"
    assert said == f"rules.toml: rule r: {shown}" + (f" ({hint})" if hint else "")


def test_a_saved_query_that_names_itself_is_refused() -> None:
    rules = '[queries]\na = "@b OR x"\nb = "@a"\n'
    assert all("goes round in a circle" in one for one in faults(rules_toml=rules))


def test_rules_that_ask_for_each_others_topics_are_refused() -> None:
    other = one_rule("topic:sahel").replace("'sahel'", "'both'").replace("'r'", "'q'")
    (said,) = faults(rules_toml=one_rule("topic:both") + other)
    assert said.startswith("rules.toml: rules ask for each other's topics: ")


def test_toml_that_does_not_parse_is_named_with_its_line() -> None:
    (said,) = faults(rules_toml='[[rules]]\nid = "a\n')
    assert said.startswith("rules.toml:2: is not valid TOML")
    (said,) = faults(rules_toml="[[rules")
    assert said.startswith("rules.toml")
    assert faults(rules_toml="rules = 3\nrule = 1\n") == [
        "rules.toml: there is no key rule (did you mean rules?)",
        "rules.toml.rules: wants a list of tables",
    ]
    assert faults(rules_toml="rules = [3]\n") == ["rules.toml: rules[0]: is not a table"]


def test_two_rules_of_one_name_are_refused() -> None:
    twice = GOOD["rules.toml"] + one_rule("side:sahel").replace("'r'", "'s'")
    assert faults(rules_toml=twice) == ["rules.toml: rule s.id: s is another rule's id too"]


def test_a_rule_whose_samples_fail_is_named_with_the_sample() -> None:
    rules = GOOD["rules.toml"].replace("Mali votes", "Chad votes").replace("Mali GPU", "Mali")
    assert faults(rules_toml=rules) == [
        "rules.toml: rule s: must match, but does not: Chad votes (en)",
        'rules.toml: rule s: must not match, but does: Mali (en) (sahel: w: "Mali")',
    ]


def test_an_alias_sure_of_two_sides_is_refused_and_an_ambiguous_one_is_not() -> None:
    more = "x,X,city,sahel,ML,Moscow|Bamako,,,,{},\n"
    clash = GOOD["entities/states.csv"].replace("Moscow,army", ",")
    (said,) = faults(states_csv=clash + more.format(""))
    assert said.startswith("entities/states.csv:4: 'Moscow' is an alias of Russia too")
    fine = compiled(states_csv=GOOD["entities/states.csv"] + more.format("Moscow"))
    assert "x" in fine.gazetteer.entities


def test_the_samples_first_line_is_the_title() -> None:
    rules = one_rule("summary:entity:Q912", **{"must_match.en": '["Vote\\nMali chose", "Mali"]'})
    assert faults(rules_toml=rules) == [
        "rules.toml: rule r: must match, but does not: Mali (en)"
        " (sahel: entity:Q912 not in the summary (rule r))"
    ]


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("side:sahel AND NOT side:sahel", "can never hold: side:sahel is wanted and excluded"),
        (
            "title:(summary:mali)",
            "can never hold: nothing stands in the title and the summary at once",
        ),
        ("(a AND NOT a) OR (b AND NOT b)", "can never hold: a is wanted and excluded"),
        ("NOT mali", "holds for too much: it starts from no name and no word"),
        ("lang:fr", "holds for too much: it starts from no name and no word"),
        ("ma*", "holds for too much: ma* stands for very many words"),
        ("side:both", "can never hold: no name or word stands for side:both"),
    ],
)
def test_rules_that_hold_never_or_for_too_much_are_told(query: str, note: str) -> None:
    assert notes(query) == [f"rules.toml: rule r: {note}"]


def test_a_rule_that_decides_nothing_beside_another_is_told() -> None:
    wide = one_rule("side:sahel OR side:russia").replace("'r'", "'w'").replace("'low'", "'high'")
    assert notes("side:sahel AND gold", wide) == [
        "rules.toml: rule r: decides nothing: w holds whenever it does"
    ]
    same = one_rule("side:sahel").replace("'r'", "'w'")
    assert notes("side:sahel", same) == [
        "rules.toml: rule w: decides nothing: r holds whenever it does"
    ]


def test_unused_concepts_topics_without_rule_and_hidden_aliases_are_told() -> None:
    rulebook = compiled(rules_toml=one_rule("side:sahel"), blockers_txt="Mali\nMali GPU\n")
    assert [str(one) for one in rulebook.notes] == [
        "topics.toml: both: no rule gives this topic",
        "blockers.txt: 'Mali' hides an alias of Q912 everywhere",
        "concepts.toml: sport: no rule and no alias asks for this concept",
    ]


def test_a_rule_may_start_from_nothing_and_is_asked_of_every_entry() -> None:
    rulebook = compiled(rules_toml=one_rule("lang:fr AND NOT mali"))
    french = Entry(feed="", id="", title="Rien", language="fr")
    assert tag(french, rulebook).topics == {"sahel"}
    assert tag(Entry(feed="", id="", title="Mali", language="fr"), rulebook).topics == frozenset()
