"""What is kept of a text to compare it, and in what two texts are alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.errors import Fault
from monitor.core.likeness.blocks import copy_blocks, event_blocks
from monitor.core.likeness.features import copying, gap_hours, sharing
from monitor.core.likeness.fingerprint import take
from monitor.core.likeness.judge import Model, clashes, comparable, differ, liken, rarity_now
from monitor.core.likeness.lexicon import read_lexicon
from monitor.core.likeness.weights import read_models
from monitor.core.models import Entry, Feed, Fingerprint, Name
from monitor.core.rulebook import Rulebook
from monitor.core.triage.reading import read
from monitor.edges.rulebook import SHIPPED, load_rulebook
from tests import make

WEIGHTS = (SHIPPED / "likeness.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(None)


def printed(rulebook: Rulebook, title: str, summary: str = "", language: str = "en") -> Fingerprint:
    entry = Entry("f", "1", title, summary, language=language)
    return take(entry, make.FEED, (), (), rulebook.lexicon)


@pytest.mark.parametrize(
    ("language", "title", "numbers", "counts"),
    [
        ("en", "At least 12 soldiers killed", {"12"}, {"killing 12"}),
        ("en", "A dozen killed and 1,200 wounded", {"12", "1200"}, {"killing 12", "wounding 1200"}),
        ("fr", "Douze morts et 1 200 blessés", {"12", "1200"}, {"killing 12", "wounding 1200"}),
        ("ru", "Убиты двенадцать военных", {"12"}, {"killing 12"}),
        ("ar", "مقتل 12 جنديا", {"12"}, {"killing 12"}),
        ("ru", "Поставка 25 тыс. тонн", {"25000"}, set()),
        ("fr", "Un don de 1,3 million d'euros", {"1300000"}, set()),
        ("en", "In 2023, on 5 May, one of them", set(), set()),
        ("en", "The attack of 28 July 2023", set(), set()),
        ("en", "2 nationals kidnapped, the third fled far across the hills to town 9",
         {"2", "9"}, {"kidnapping 2"}),
    ],
)  # fmt: skip
def test_numbers_are_read_in_words_and_figures_but_not_years_and_days(
    rulebook: Rulebook, language: str, title: str, numbers: set[str], counts: set[str]
) -> None:
    found = printed(rulebook, title, language=language)
    assert found.numbers == numbers
    assert found.figures == numbers
    assert found.counts == counts


def test_concepts_are_the_same_in_every_language_and_words_are_not(rulebook: Rulebook) -> None:
    texts = {
        "en": "Gunmen attack a village market",
        "fr": "Des hommes armés attaquent le marché d'un village",
        "ru": "Боевики атаковали рынок в деревне",
        "ar": "مسلحون يهاجمون سوق قرية في هجوم",
    }
    found = [printed(rulebook, text, language=language) for language, text in texts.items()]
    for one in found:
        assert {"attack", "village", "market"} <= one.concepts
        assert one.headed == one.concepts
    assert not set(found[0].words) & set(found[2].words)


def test_words_of_another_language_count_only_where_the_own_is_unknown(rulebook: Rulebook) -> None:
    assert "gold" not in printed(rulebook, "One or two", language="en").concepts
    assert "gold" in printed(rulebook, "Mines d'or", language="fr").concepts
    unknown = take(Entry("f", "1", "Mines d'or"), Feed("f"), (), (), rulebook.lexicon)
    assert "gold" in unknown.concepts


def test_words_are_stemmed_where_there_is_a_stemmer_and_cut_where_there_is_none(
    rulebook: Rulebook,
) -> None:
    one = printed(rulebook, "The instructors trained soldiers")
    other = printed(rulebook, "Instructor training a soldier")
    assert set(one.words) == set(other.words)
    assert len(printed(rulebook, "Sotilaskouluttajat saapuivat", language="fi").words) == 2


def test_a_pictures_caption_and_its_credit_are_left_out(rulebook: Rulebook) -> None:
    caption = "Vladimir Putin walks in the Grand Palace in Moscow. (Jane Roe/AFP via Getty Images) "
    with_it = printed(rulebook, "Sanctions", caption + "The EU agreed on sanctions.")
    assert with_it.words == printed(rulebook, "Sanctions", "The EU agreed on sanctions.").words


@pytest.mark.parametrize(
    ("summary", "author", "wire"),
    [
        ("BAMAKO (Reuters) - The army said", "", "reuters"),
        ("The army said. AFP", "", "afp"),
        ("МОСКВА, 4 апреля. /ТАСС/. Россия", "", "tass"),
        ("قال الجيش (أ ف ب)", "", "afp"),
        ("The army said.", "Associated Press", "ap"),
        ("The army said.", "Jane Roe", ""),
    ],
)
def test_the_agency_is_known_by_its_signature(
    rulebook: Rulebook, summary: str, author: str, wire: str
) -> None:
    entry = Entry("f", "1", "Army says", summary, author=author)
    assert take(entry, make.FEED, (), (), rulebook.lexicon).wire == wire


def test_names_bring_their_state_and_the_first_state_of_the_title_is_the_subject(
    rulebook: Rulebook,
) -> None:
    names = [
        Name("kidal", "city", "ML"),
        Name("Q912", "country", "ML", titled=True),
        Name("Q159", "country", "RU", titled=True),
        Name("x", "country"),
        Name("goita", "person"),
        Name("ortm", "media", "ML"),
    ]
    found = take(Entry("f", "1", "t"), Feed("f"), names, ["attack"], rulebook.lexicon)
    assert found.names == {"p:kidal", "c:ML", "c:RU", "c:x", "h:goita", "b:ortm"}
    assert found.titled == {"c:ML", "c:RU"}
    assert found.subject == "c:ML"
    assert found.kinds == {"attack"}


def some(**more: Any) -> Fingerprint:
    given = Fingerprint(
        language="en",
        at=0.0,
        words=("aaaa", "bbbb", "cccc", "dddd", "eeee", "ffff"),
        head=3,
        names=frozenset({"c:ML", "p:kidal"}),
        titled=frozenset({"c:ML"}),
        concepts=frozenset({"attack", "troops"}),
        headed=frozenset({"attack"}),
        subject="c:ML",
    )
    return replace(given, **more)


def test_the_same_text_shares_everything_and_clashes_in_nothing() -> None:
    one = some()
    found = copying(one, one)
    assert (found.words, found.pairs, found.triples, found.title, found.lead) == (1, 1, 1, 1, 1)
    figures = sharing(one, one, {})._asdict()
    assert figures["names"] == figures["concepts"] == pytest.approx(1.0)
    assert not any(value for name, value in figures.items() if name.endswith("clash"))
    assert clashes(one, one) == []


def test_common_names_tell_less_than_rare_ones() -> None:
    one, other = some(concepts=frozenset()), some(concepts=frozenset())
    rare = sharing(one, other, {})
    common = sharing(one, other, {"c:ML": 0.1, "p:kidal": 0.1})
    assert common.names < rare.names
    assert common.place < rare.place


def test_clashes_are_said_in_words() -> None:
    other = some(
        names=frozenset({"c:NE", "p:agadez", "h:x"}),
        subject="c:NE",
        figures=frozenset({"9"}),
        counts=frozenset({"killing 9"}),
        headed=frozenset({"wrapup"}),
    )
    mine = some(
        names=frozenset({"c:ML", "p:kidal", "h:y"}),
        figures=frozenset({"5"}),
        counts=frozenset({"killing 5"}),
    )
    assert clashes(mine, other) == [
        "other places",
        "other persons",
        "another state",
        "other tolls",
        "other numbers",
        "one sums up or explains",
    ]


def test_texts_without_a_date_are_half_a_day_apart() -> None:
    assert gap_hours(some(at=None), some()) == 12
    assert gap_hours(some(at=7_200.0), some()) == 2
    assert sharing(some(at=None), some(), {}).undated == 1


def test_without_a_lead_a_copy_is_told_by_its_title() -> None:
    bare = some(words=("aaaa", "bbbb", "cccc"))
    assert copying(bare, some()).lead == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (some(), some(language="fr")),
        (some(), some(words=("aaaa",))),
        (some(counts=frozenset({"killing 2"})), some(counts=frozenset({"killing 3"}))),
        (some(figures=frozenset({"2"})), some(figures=frozenset({"3"}))),
        (some(), some(names=frozenset({"c:ML", "p:gao"}))),
        (
            some(headed=frozenset({"wrapup"})),
            some(headed=frozenset({"wrapup"}), words=("zzzz", "bbbb", "cccc", "dddd")),
        ),
    ],
)
def test_what_cannot_be_a_copy_is_none_however_alike(one: Fingerprint, other: Fingerprint) -> None:
    assert not comparable(one, other)
    models = read_models(WEIGHTS, [])
    assert liken(one, other, models, {}).copy == 0.0


def test_texts_that_share_no_name_tell_of_no_common_event() -> None:
    models = read_models(WEIGHTS, [])
    assert liken(some(), some(names=frozenset()), models, {}).event == 0.0


def test_two_texts_differ_where_they_share_hardly_a_word_or_no_language() -> None:
    assert differ(some(), some(words=("zzzz", "yyyy", "xxxx", "wwww"), head=2))
    assert differ(some(), some(language="ru"))
    assert not differ(some(), some(words=("aaaa", "bbbb", "cccc", "wwww")))


def test_what_everybody_names_just_now_tells_little() -> None:
    models = read_models(WEIGHTS, [])
    assert rarity_now(models, {"p:kidal": 5}, 20) is models.rarity
    now = rarity_now(models, {"p:kidal": 90, "p:gao": 1, "c:RU": 2}, 100)
    assert now["p:kidal"] < 0.1
    assert now["p:gao"] == 1.0
    assert now["c:RU"] == models.rarity["c:RU"]


def test_a_chance_stays_within_bounds() -> None:
    model = Model(0.0, (1.0,), 0.5)
    assert model.chance((1e9,)) == pytest.approx(1.0)
    assert model.chance((-1e9,)) == pytest.approx(0.0)


def test_blocks_are_few_and_the_most_telling_names_come_first() -> None:
    names = frozenset({"c:ML", "p:kidal", "h:goita", "g:jnim", "b:fama", "r:azawad"})
    one = some(names=names, concepts=frozenset(f"c{n}" for n in range(30)))
    blocks = event_blocks(one)
    assert len(blocks) == 13
    assert blocks[0] == "np:kidal"
    assert sum(block.startswith("nc:ML+") for block in blocks) == 5
    assert len(copy_blocks(one)) == 5
    assert copy_blocks(Fingerprint()) == ()


def test_faults_of_the_lexicon_are_told_with_their_line() -> None:
    faults: list[Fault] = []
    read_lexicon("id,en\nx,y\n", "", faults)
    assert str(faults[0]) == "lexicon.csv:1: needs the columns id, en, fr, ru, ar"
    faults.clear()
    read_lexicon("id,en,fr,ru,ar\nx,a*b|fine,,,\n", "", faults)
    assert str(faults[0]).startswith("lexicon.csv:2: 'a*b': only one *")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "likeness.toml: is not valid TOML"),
        ("copies = 1", "likeness.toml: copies: needs just these: bias, threshold, words"),
        (WEIGHTS.replace("pairs =", "pears ="), "likeness.toml: copies: needs just these"),
        (WEIGHTS.replace("[rarity]", "[rarity]\nx = 2"), "likeness.toml: rarity: is not a table"),
        (
            WEIGHTS.replace("bias = ", 'bias = "x" # ', 1),
            "likeness.toml: copies.bias: is no number",
        ),
    ],
)
def test_faults_of_the_weights_are_told(text: str, said: str) -> None:
    faults: list[Fault] = []
    read_models(text, faults)
    assert str(faults[0]).startswith(said)


def test_a_case_is_named_by_guid_link_or_identity(rulebook: Rulebook) -> None:
    entry = make.entry(id="", link="")
    from monitor.core.identity import identify

    (case,) = read(make.FEED, [(entry, identify([entry])[0])], {}, rulebook)
    assert case.name == case.identity.id
