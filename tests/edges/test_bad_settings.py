"""Settings and files as no one should write them: each a fault with file, place and hint."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from monitor.core.errors import BadInput
from monitor.edges.rulebook import SHIPPED, load_rulebook
from monitor.edges.settings import load_settings

FEED = '[[feeds]]\nurl = "{}"\n'


def faults(folder: Path, text: str, **environ: str) -> list[str]:
    (folder / "monitor.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as told:
        load_settings(None, environ, folder)
    return [str(one).replace(f"{folder}/", "") for one in told.value.faults]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("feeds:\n  - x\n", "monitor.toml:1:6: is not valid TOML"),
        ('[polling]\ninterval="1m"\ninterval="2m"\n', "monitor.toml:3:14: is not valid TOML"),
        ("[polling]\n[store]\n[polling]\n", "monitor.toml:3:9: is not valid TOML"),
        ("[websub]\nallow_http = no\n", "monitor.toml:2:14: is not valid TOML"),
        ('[websub]\nallow_http = "maybe"\n', "monitor.toml:2: websub.allow_http is neither true"),
        ("[polling]\nmax_entries = true\n", "monitor.toml:2: polling.max_entries is not a whole"),
        ("[polling]\nmax_entries = inf\n", "monitor.toml:2: polling.max_entries is not a whole"),
        ("[polling]\nmax_entries = 1.5\n", "monitor.toml:2: polling.max_entries is not a whole"),
        (f"\nmax = {'9' * 5000}\n", "monitor.toml:2: has too many digits for a number"),
        (f"a = {'[' * 5000}\n", "monitor.toml: is nested too deeply"),
        (f"{'.'.join('a' * 5000)} = 1\n", "monitor.toml: is nested too deeply"),
        ("[polling]\ninterval = 600\n", "monitor.toml:2: polling.interval is not a duration"),
        ('[polling]\ninterval = "-5m"\n', "monitor.toml:2: polling.interval is not a duration"),
        ('[polling]\nmax_age = "9999999999d"\n', "polling.max_age is longer than ten years"),
        (f'[polling]\nmax_age = "{"9" * 400}d"\n', "polling.max_age is longer than ten years"),
        (
            '[polling]\ndeadline = "11m"\n',
            "monitor.toml:2: polling.deadline is not between 1s and 10m",
        ),
        ('[store]\nmax_memory = "0mb"\n', "monitor.toml:2: store.max_memory does not have the"),
        ('[store]\nurl = "redis://:x@h:99999"\n', "monitor.toml:2: store.url is not a URL"),
        ('feeds = ["a\\u0000b"]\n', "is no name that a file can have"),
        ('[[feeds]]\nurl = "https://a/"\nlanguage = "french"\n', "feeds[0].language is no lang"),
        ('[[receivers]]\nname = "a"\n', "monitor.toml:1: receivers[0].type is missing"),
        (
            '[[receivers]]\nname = "' + "a" * 1_000 + '"\ntype = "console"\n',
            "monitor.toml:2: receivers[0].name does not have the right form (wanted: ^[a-z0-9_-]",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_told_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    assert said in "\n".join(faults(tmp_path, text))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "starts with neither http:// nor https://"),
        ("javascript:alert(1)", "starts with neither http:// nor https://"),
        ("", "starts with neither http:// nor https://"),
        ("https:///feed", "names no host"),
        ("https://a:99999/", "is not a URL: its host or port cannot be read"),
        ("https://[::1", "is not a URL: its host or port cannot be read"),
        ("https://a:0/", "names a host or port that there cannot be"),
        ("https://a..example/", "names a host or port that there cannot be"),
        (f"https://{'a' * 70}.example/", "names a host or port that there cannot be"),
        ("https://%zz/", "names a host or port that there cannot be"),
        ("https://a b/", "holds a blank or a control character"),
        ("https://a/\\r\\nX: y", "holds a blank or a control character"),
        ("https://a/" + "x" * 100_000, "is too long (at most 2000 characters)"),
    ],
)
def test_a_feed_with_a_url_that_cannot_be_one_is_refused(
    tmp_path: Path, url: str, said: str
) -> None:
    assert faults(tmp_path, FEED.format(url)) == [f"monitor.toml:2: feeds[0].url {said}"]


def test_a_password_in_a_url_that_is_refused_is_not_told(tmp_path: Path) -> None:
    for text in (FEED.format("https://u:hushhush@a:x/"), '[store]\nurl = "redis://:hushhush@a:x"'):
        assert "hushhush" not in "\n".join(faults(tmp_path, text))


def test_opml_may_name_languages_as_it_likes(tmp_path: Path) -> None:
    outlines = [f'<outline xmlUrl="https://{n}/" language="{n}"/>' for n in ("en-us", "unknown")]
    (tmp_path / "f.opml").write_text(f"<opml>{''.join(outlines)}</opml>", encoding="utf-8")
    (tmp_path / "monitor.toml").write_text('feeds = ["f.opml"]', encoding="utf-8")
    feeds = load_settings(None, {}, tmp_path).feeds
    assert [one.language for one in feeds] == ["en", None]


ODD = {
    "pipe": "is not a regular file",
    "device": "is not a regular file",
    "folder": "is not a regular file",
    "loop": "Too many levels of symbolic links",
    "huge": "is larger than 50 MB",
    "binary": "is not UTF-8 text",
    "nothing": "No such file or directory",
}


def make_odd(kind: str, path: Path) -> None:
    """Put something at the path that is no text file."""
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "huge":
            with path.open("wb") as file:
                file.truncate(60_000_000)
        case "binary":
            path.write_bytes(b"\n\xff\xfe\x00")


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", ["monitor.toml", "feeds.toml", "feeds.opml"])
def test_what_is_no_text_file_is_told_and_never_waited_for(
    tmp_path: Path, name: str, kind: str
) -> None:
    if name != "monitor.toml":
        (tmp_path / "monitor.toml").write_text(f'feeds = ["{name}"]', encoding="utf-8")
    make_odd(kind, tmp_path / name)
    begun = time.monotonic()
    with pytest.raises(BadInput) as told:
        load_settings(tmp_path / "monitor.toml", {}, tmp_path)
    assert str(tmp_path / name) in str(told.value)
    assert ODD[kind] in str(told.value)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("kind", ODD)
def test_a_secret_that_is_no_text_file_is_told_with_the_line_of_its_variable(
    tmp_path: Path, kind: str
) -> None:
    make_odd(kind, tmp_path / "secret")
    text = '[[receivers]]\nname = "a"\ntype = "slack"\nurl = "${HOOK}"\n'
    (said,) = faults(tmp_path, text, HOOK_FILE=str(tmp_path / "secret"))
    assert said.startswith("monitor.toml:4: receivers[0].url the file that HOOK_FILE names cannot")
    assert ODD[kind] in said


@pytest.mark.parametrize("kind", [kind for kind in ODD if kind != "nothing"])
def test_a_rulebook_with_what_is_no_text_file_is_refused(tmp_path: Path, kind: str) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "rulebook"))
    (folder / "blockers.txt").unlink()
    make_odd(kind, folder / "blockers.txt")
    with pytest.raises(BadInput, match=ODD[kind]):
        load_rulebook(folder)


def test_a_rulebook_with_a_name_that_no_folder_can_have_is_refused() -> None:
    with pytest.raises(BadInput, match="is no name that a folder can have"):
        load_rulebook(Path("a\0b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text("", encoding="utf-8")
    (tmp_path / "monitor.toml").chmod(0)
    with pytest.raises(BadInput, match="Permission denied"):
        load_settings(None, {}, tmp_path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rediss://h?ssl_ca_certs=ca.pem", "has a path in ssl_ca_certs that does not begin with /"),
        (
            "rediss://h?ssl_ca_certs=/no/ca.pem",
            "has a file in ssl_ca_certs that cannot be read: No such file or directory",
        ),
        ("sentinel://h:26379/0", "does not say which master its sentinels are asked for"),
        ("redis://:hush/hush@h", "of a user or password, %23, %2F, %3F and %40 stand for #/?@"),
    ],
)
def test_a_stores_url_that_cannot_work_is_told_wherever_it_stands(
    tmp_path: Path, url: str, said: str
) -> None:
    (in_file,) = faults(tmp_path, f'[store]\nurl = "{url}"')
    assert in_file.startswith("monitor.toml:2: store.url ")
    assert said in in_file
    (in_environ,) = faults(tmp_path, "[polling]", REDIS_URL=url)
    assert said in in_environ
    assert "hush" not in in_file + in_environ
