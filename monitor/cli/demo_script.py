"""What the demo's made-up outlets publish, when, and what should come of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outlet:
    """A made-up outlet and the feed it publishes."""

    path: str
    name: str
    language: str
    country: str
    state_media: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """What an outlet publishes: some seconds after the start, and what should come of it."""

    after: float
    outlet: str
    title: str
    summary: str
    expected: str
    link: str = ""


OUTLETS = (
    Outlet("bamako", "Bamako Courier", "fr", "Mali"),
    Outlet("wire", "Harbour Wire", "en", "United Kingdom"),
    Outlet("vestnik", "Nevsky Vestnik", "ru", "Russia", state_media=True),
    Outlet("sahra", "Al-Sahra Today", "ar", "Mauritania"),
)

PIECES = (
    Piece(
        0,
        "wire",
        "Harbour board approves new ferry timetable",
        "Crossings will start half an hour earlier from next month.",
        "silent: there when the feed is first read, and about nothing of ours",
    ),
    Piece(
        4,
        "wire",
        "Moscow promises arms and instructors to joint force of Mali, Niger and Burkina Faso",
        "Russia will equip and train the 5,000-strong joint force of the three Sahel states,"
        " its foreign minister said after talks with their envoys.",
        "alert",
        link="joint-force",
    ),
    Piece(
        12,
        "bamako",
        "Moscou armera et formera la force conjointe du Mali, du Niger et du Burkina Faso",
        "La Russie s'engage à livrer des armes et à envoyer des instructeurs à la force unifiée"
        " de l'Alliance des États du Sahel.",
        "silent: the same event, told in French",
    ),
    Piece(
        14,
        "vestnik",
        "Москва вооружит и обучит объединенные силы Мали, Нигера и Буркина-Фасо",
        "Россия поставит оружие и направит инструкторов в объединенные силы трех стран Сахеля.",
        "silent: the same event, told in Russian",
    ),
    Piece(
        16,
        "sahra",
        "موسكو تتعهد بتسليح وتدريب القوة المشتركة لمالي والنيجر وبوركينا فاسو",
        "أعلنت روسيا أنها سترسل أسلحة ومدربين إلى القوة المشتركة لدول الساحل الثلاث.",
        "silent: the same event, told in Arabic",
    ),
    Piece(
        18,
        "bamako",
        "Moscow promises arms and instructors to joint force of Mali, Niger and Burkina Faso",
        "Russia will equip and train the 5,000-strong joint force of the three Sahel states,"
        " its foreign minister said after talks with their envoys.",
        "silent: a copy of what Harbour Wire told first",
    ),
    Piece(
        19,
        "wire",
        "Gunmen kill 12 soldiers at army base near Djibo in Burkina Faso",
        "The attackers fled before dawn, officials said.",
        "alert",
    ),
    Piece(
        19,
        "wire",
        "Oil spill spreads in the Niger Delta",
        "Fishing villages in Bayelsa want the pipeline's owner to pay.",
        "silent: the Niger Delta lies in Nigeria",
    ),
    Piece(
        20,
        "wire",
        "A new Ring: Richard Wagner returns to the opera house",
        "The conductor promises four evenings without cuts.",
        "silent: the composer, not the mercenaries",
    ),
    Piece(
        21,
        "bamako",
        "Les montagnes russes du parc rouvrent au printemps",
        "Le parc d'attractions promet des sensations fortes.",
        "silent: a ride, not Russia",
    ),
    Piece(
        22,
        "sahra",
        "وزارة المالية تعلن موازنة العام الجديد",
        "قالت الوزارة إن الإنفاق سيبقى عند مستواه.",
        "silent: المالية is finance here, not Mali",
    ),
    Piece(
        30,
        "bamako",
        "Burkina Faso : le bilan de l'attaque de la base de Djibo monte à 31 soldats tués",
        "L'armée a retrouvé d'autres corps sur le terrain.",
        "update: the toll rose, so the event is told again",
    ),
)
