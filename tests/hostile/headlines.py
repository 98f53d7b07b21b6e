"""Headlines about the Sahel, as many as the cases need, each of an event of its own."""

from __future__ import annotations

_PLACES = (
    *("Mali: Gao", "Niger: Agadez", "Burkina Faso: Djibo", "Mali: Mopti", "Niger: Diffa"),
    *("Mali: Ségou", "Niger: Zinder", "Chad: Abéché", "Mauritania: Kiffa", "Burkina Faso: Dori"),
    *("Mali: Kidal", "Niger: Tahoua", "Chad: Moundou", "Mauritania: Atar", "Mali: Kayes"),
    *("Burkina Faso: Kaya", "Mali: Timbuktu", "Niger: Maradi", "Chad: Faya", "Mali: Sikasso"),
    *("Niger: Dosso", "Chad: Sarh", "Mauritania: Rosso", "Burkina Faso: Banfora", "Mali: Ménaka"),
    *("Niger: Arlit", "Chad: Bol", "Burkina Faso: Gorom-Gorom", "Mauritania: Zouérat"),
    *("Mali: Koutiala", "Chad: Mao"),
)
_HAPPENINGS = (
    "storm tears roof off hospital",
    "teachers begin strike over unpaid wages",
    "gold mine collapses",
    "airport reopens to civilian flights",
    "floods destroy hundreds of homes",
    "radio station suspended by regulator",
    "solar power plant opens",
    "gunmen ambush fuel convoy",
    "court tries former mayor for graft",
    "measles vaccination starts",
    "lorry and bus collide on main road",
    "cotton harvest falls short",
    "kidnapped priest walks free",
    "locusts strip millet fields",
    "prison break leaves wardens wounded",
    "bridge over the river is washed away",
    "tanker overturns at the market",
)


def headline(number: int) -> str:
    """A headline that tells of another happening than those of all other numbers below 440."""
    return f"{_PLACES[number % 31]} {_HAPPENINGS[number % 17]}"
