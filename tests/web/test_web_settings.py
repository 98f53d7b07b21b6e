"""Reading what people configured for the pages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.core.errors import BadInput
from monitor.edges.settings import Settings, load_settings
from monitor.service.checking import secrets

TOKEN = "sixteen-or-more-"


def load(folder: Path, table: str, **environ: str) -> Settings:
    (folder / "monitor.toml").write_text(f"[web]\n{table}\n", encoding="utf-8")
    return load_settings(None, environ, folder)


def test_pages_are_for_this_machine_only_and_do_not_run_unless_told_to(tmp_path: Path) -> None:
    web = load(tmp_path, "").web
    assert (web.listen, web.token, web.run, web.hosts) == (("127.0.0.1", 8790), "", False, ())
    assert (web.keep, web.most) == (timedelta(days=30), 200_000)


def test_a_token_lets_others_in_and_is_a_secret(tmp_path: Path) -> None:
    table = 'listen = "0.0.0.0:80"\ntoken = "${WEB}"\nhosts = ["Monitor.Example"]\nrun = true'
    settings = load(tmp_path, table, WEB=TOKEN)
    assert settings.web.token == TOKEN
    assert settings.web.hosts == ("monitor.example",)
    assert settings.web.run
    assert TOKEN in secrets(settings)
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize("place", ["127.0.0.1", "127.8.9.1", "[::1]", "localhost"])
def test_what_only_this_machine_reaches_needs_no_token(tmp_path: Path, place: str) -> None:
    assert load(tmp_path, f'listen = "{place}:80"').web.listen[1] == 80


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('listen = "0.0.0.0:80"', "web listens where others can reach it, and has no token"),
        ('listen = "[::]:80"', "web listens where others can reach it, and has no token"),
        ('listen = "desk.example:80"', "web listens where others can reach it, and has no"),
        ('listen = "80"', "web.listen is no address and port"),
        ('token = "short"', "web.token is shorter than 16"),
        ('token = "sixteen or more é"', "web.token is shorter than 16, or not of plain (ASCII)"),
        ('token = "${NOT_SET}"', "web.token environment variable NOT_SET is not set"),
        ('hosts = ["https://a.example"]', "is no host's name"),
        ('hosts = ["a.example:80"]', "is no host's name"),
        ('keep = "91d"', "web.keep is not between 1h and 90d"),
        ("most = 999", "web.most is too small"),
        ('run = "yes please"', "web.run is neither true nor false"),
    ],
)
def test_pages_that_cannot_be_are_told(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(BadInput) as told:
        load(tmp_path, table)
    assert said in "\n".join(map(str, told.value.faults))
    assert "sixteen" not in str(told.value)
