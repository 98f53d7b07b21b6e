"""All the forms that a name written with a trailing `~` has in its language.

Russian: the cases of leading adjectives and of the first noun ("Африканский корпус~"), of
persons every word's ("Сергей Лавров~"); French: feminine and plural of an adjective or noun;
Arabic: feminine and plurals of an adjective, with and without the article; English: the
plural. Paradigms as taught in school grammars (Zaliznyak's types for Russian). Where an ending
leaves two ways open both are given: a form that nobody writes finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

# Nominative, genitive, dative, accusative, instrumental, prepositional; each with its ways.
Paradigm = Sequence[tuple[str, ...]]

_ADJECTIVES: dict[str, tuple[str, ...]] = {
    # Nominative, genitive, dative, accusative, instrumental, prepositional; an accusative
    # "-" is the genitive for persons, else the nominative.
    "ый": ("ый", "ого", "ому", "-", "ым", "ом"),
    "ой": ("ой", "ого", "ому", "-", "ым им", "ом"),
    "кий": ("кий", "кого", "кому", "-", "ким", "ком"),
    "гий": ("гий", "гого", "гому", "-", "гим", "гом"),
    "хий": ("хий", "хого", "хому", "-", "хим", "хом"),
    "ний": ("ний", "него", "нему", "-", "ним", "нем"),
    "щий": ("щий", "щего", "щему", "-", "щим", "щем"),
    "ший": ("ший", "шего", "шему", "-", "шим", "шем"),
    "чий": ("чий", "чего", "чему", "-", "чим", "чем"),
    "жий": ("жий", "жего", "жему", "-", "жим", "жем"),
    "ая": ("ая", "ой ей", "ой ей", "ую", "ой ей", "ой ей"),
    "яя": ("яя", "ей", "ей", "юю", "ей", "ей"),
    "ое": ("ое", "ого", "ому", "-", "ым им", "ом"),
    "ее": ("ее", "его", "ему", "-", "им", "ем"),
    "ые": ("ые", "ых", "ым", "-", "ыми", "ых"),
    "кие": ("кие", "ких", "ким", "-", "кими", "ких"),
    "щие": ("щие", "щих", "щим", "-", "щими", "щих"),
}
_NOUNS: dict[str, tuple[str, ...]] = {
    "ия": ("ия", "ии", "ии", "ию", "ией", "ии"),
    "ья": ("ья", "ьи", "ье", "ью", "ьей", "ье"),
    "я": ("я", "и", "е", "ю", "ей", "е"),
    "ка": ("ка", "ки", "ке", "ку", "кой", "ке"),
    "га": ("га", "ги", "ге", "гу", "гой", "ге"),
    "ха": ("ха", "хи", "хе", "ху", "хой", "хе"),
    "ша": ("ша", "ши", "ше", "шу", "шей", "ше"),
    "жа": ("жа", "жи", "же", "жу", "жей", "же"),
    "ча": ("ча", "чи", "че", "чу", "чей", "че"),
    "ца": ("ца", "цы", "це", "цу", "цей", "це"),
    "а": ("а", "ы", "е", "у", "ой", "е"),
    "ие": ("ие", "ия", "ию", "-", "ием", "ии"),
    "ье": ("ье", "ья", "ью", "-", "ьем", "ье"),
    "о": ("о", "а", "у", "-", "ом", "е"),
    "е": ("е", "я а", "ю у", "-", "ем", "е"),
    "ий": ("ий", "ия", "ию", "-", "ием", "ии"),
    "й": ("й", "я", "ю", "-", "ем", "е"),
    "ь": ("ь", "я и", "ю и", "-", "ем ью", "е и"),
    "ец": ("ец", "ца йца еца", "цу йцу ецу", "-", "цем йцем ецом", "це йце еце"),
    "ок": ("ок", "ка ока", "ку оку", "-", "ком оком", "ке оке"),
    "ел": ("ел", "ла ела", "лу елу", "-", "лом елом", "ле еле"),
    # Plurals.
    "цы": ("цы", "цев", "цам", "-", "цами", "цах"),
    "ки": ("ки", "ков ок", "кам", "-", "ками", "ках"),
    "ии": ("ии", "ий", "иям", "-", "иями", "иях"),
    "ы": ("ы", "ов", "ам", "-", "ами", "ах"),
    "и": ("и", "ей ов", "ям ам", "-", "ями ами", "ях ах"),
}
# Persons: surnames that decline like short adjectives, male and female.
_MALE: dict[str, tuple[str, ...]] = {
    one: (one, one + "а", one + "у", "-", one + "ым " + one + "ом", one + "е")
    for one in ("ов", "ев", "ин", "ын")
}
_FEMALE: dict[str, tuple[str, ...]] = {
    one: (one, one[:-1] + "ой", one[:-1] + "ой", one[:-1] + "у", one[:-1] + "ой", one[:-1] + "ой")
    for one in ("ова", "ева", "ина", "ына")
}
_SURNAMES = {**_MALE, **_FEMALE}
_HISSING = "жшчщц"
_INDECLINABLE = re.compile(r"[А-ЯЁ0-9-]{2,}|.*[уюэ]|.*[^а-яёА-ЯЁ»]", re.DOTALL)
_QUOTES = re.compile(r"([«\"]?)(.*?)([»\"]?)")


def forms(name: str, language: str, *, person: bool = False) -> tuple[str, ...]:
    """Every form of a name (without its `~`), the name itself first."""
    if language == "ru":
        found = _russian(name, person=person)
    else:
        found = {"fr": _french, "ar": _arabic, "en": _english}[language](name)
    return tuple(dict.fromkeys((name, *found)))


def written(word: str, language: str) -> tuple[str, ...]:
    """A word of a list: all its forms if it ends in `~`, else as it is."""
    return forms(word[:-1], language) if word.endswith("~") else (word,)


def _russian(name: str, *, person: bool) -> list[str]:
    words = name.split(" ")
    paradigms = [_name(word) for word in words] if person else _phrase(words)
    like = 1 if person else 0
    settled = [[case if case != ("-",) else one[like] for case in one] for one in paradigms]
    by_case = zip(*settled, strict=True)
    return [" ".join(one) for case in by_case for one in product(*case)]


def _phrase(words: Sequence[str]) -> list[Paradigm]:
    """Adjectives up to the first noun decline, with it; what follows stays as it is."""
    paradigms: list[Paradigm] = []
    done = False
    for word in words:
        adjective = _ending(word, _ADJECTIVES) if word is not words[-1] or len(words) == 1 else None
        if done or _is_fixed(word):
            paradigms.append(((word,),) * 6)
            continue
        paradigms.append(adjective or _noun(word))
        done = adjective is None
    return paradigms


def _name(word: str) -> Paradigm:
    """A first name or surname."""
    if _is_fixed(word) or word[-1] in "оеиы":
        return ((word,),) * 6
    if "-" in word:
        first, _, last = word.rpartition("-")
        return [_around(f"{first}-", case, "") for case in _name(last)]
    declined = _ending(word, _SURNAMES) or _ending(word, _ADJECTIVES)
    plain = _noun(word)
    if declined is None:
        return plain
    return [tuple(dict.fromkeys((*a, *b))) for a, b in zip(declined, plain, strict=True)]


def _noun(word: str) -> Paradigm:
    return _ending(word, _NOUNS) or _consonant(word)


def _consonant(word: str) -> Paradigm:
    """Masculine nouns without an ending; their quotation marks stay outside."""
    quoted = _QUOTES.fullmatch(word)
    if quoted and quoted[1]:
        return [_around(quoted[1], case, quoted[3]) for case in _noun(quoted[2])]
    soft = "ем" if word[-1:] in _HISSING else "ом"
    return [(word + end,) if end != "-" else ("-",) for end in ("", "а", "у", "-", soft, "е")]


def _around(before: str, case: tuple[str, ...], after: str) -> tuple[str, ...]:
    return case if case == ("-",) else tuple(f"{before}{one}{after}" for one in case)


def _ending(word: str, table: dict[str, tuple[str, ...]]) -> Paradigm | None:
    """The paradigm of the longest ending that a table knows."""
    for length in (3, 2, 1):
        if len(word) > length and (cases := table.get(word[-length:])):
            stem = word[:-length]
            return [
                tuple(stem + one for one in case.split(" ")) if case != "-" else ("-",)
                for case in cases
            ]
    return None


def _is_fixed(word: str) -> bool:
    return _INDECLINABLE.fullmatch(word) is not None


_FRENCH = (
    ("ien", "ienne"),
    ("éen", "éenne"),
    ("ain", "aine"),
    ("ais", "aise"),
    ("ois", "oise"),
    ("eur", "euse"),
    ("if", "ive"),
    ("al", "ale"),
)


def _french(name: str) -> list[str]:
    """Masculine and feminine, singular and plural; of several words only the plural."""
    if " " in name:
        return [" ".join(_french_plural(word) for word in name.split(" "))]
    feminine = name + "e" if name[-1:] != "e" else name
    for masculine, other in _FRENCH:
        if name.endswith(masculine):
            feminine = name.removesuffix(masculine) + other
    return [_french_plural(name), feminine, _french_plural(feminine)]


def _french_plural(word: str) -> str:
    if word.endswith("al"):
        return word[:-2] + "aux"
    return word if word[-1:] in "sxz" else word + ("x" if word.endswith("eau") else "s")


def _arabic(name: str) -> list[str]:
    """Feminine, plurals and dual, each without and with the article."""
    stem = name.removeprefix("ال")
    found = [stem, *(stem + one for one in ("ة", "ون", "ين", "ات", "ان", "تان", "تين"))]
    return [*found, *("ال" + one for one in found)]


def _english(name: str) -> list[str]:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return [name[:-1] + "ies"]
    return [name + ("es" if name.endswith(("s", "x", "ch", "sh")) else "s")]
