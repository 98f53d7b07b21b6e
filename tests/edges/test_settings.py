"""Reading what people configured."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.core.canary import Canary
from monitor.core.errors import BadInput
from monitor.core.models import Cadence, Pace, Severity
from monitor.core.websub import Endpoint
from monitor.edges.settings import Settings, load_settings


@pytest.fixture
def load(tmp_path: Path) -> Load:
    return Load(tmp_path)


class Load:
    """Loads a config text kept in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, text: str, **environ: str) -> Settings:
        (self.folder / "monitor.toml").write_text(text, encoding="utf-8")
        return load_settings(None, environ, self.folder)

    def faults(self, text: str, **environ: str) -> list[str]:
        with pytest.raises(BadInput) as told:
            self(text, **environ)
        return [str(one).replace(f"{self.folder}/", "") for one in told.value.faults]


def test_without_a_config_the_shipped_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings(None, {}, tmp_path)
    assert len(settings.feeds) == 238
    assert [one.name for one in settings.receivers] == ["console"]
    assert settings.data_dir == tmp_path / "var"
    assert settings.store_url == ""
    assert settings.rulebook is None
    assert any(one.state_media for one in settings.feeds)


def test_the_environment_names_config_and_store(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("", encoding="utf-8")
    environ = {"MONITOR_CONFIG": str(other), "REDIS_URL": "redis://store/0"}
    settings = load_settings(None, environ, tmp_path)
    assert (settings.path, settings.store_url) == (other, "redis://store/0")


def test_what_a_config_leaves_out_stays_as_shipped_and_goes_to_its_own_receivers(
    load: Load,
) -> None:
    settings = load('[[receivers]]\nname = "desk"\ntype = "slack"\nurl = "${HOOK}"\n', HOOK="h")
    assert len(settings.feeds) == 238
    assert {one.receivers for one in settings.routes} == {("desk",)}
    assert settings.receivers[0].options == {"url": "h"}
    assert "h" not in repr(settings.receivers[0]).partition("desk")[2].replace("slack", "")


def test_everything_can_be_set(load: Load) -> None:
    settings = load(
        """
        rulebook = "mine"
        feeds = ["list.opml"]
        [polling]
        interval = "90s"
        min_interval = "500ms"
        """.replace('"500ms"', '"2s"')
        + """
        [network]
        allow = ["127.0.0.1:8800"]
        user_agent = "us/1"
        [store]
        data_dir = "/srv/x"
        max_memory = "1gb"
        [[receivers]]
        name = "a"
        type = "webhook"
        secret = ["one", "two"]
        allow_http = true
        [[routes]]
        receivers = ["a"]
        severity = "high"
        continue = false
        """,
        **_opml(load.folder),
    )
    assert settings.rulebook == load.folder / "mine"
    assert settings.polling.interval == 90
    assert settings.data_dir == Path("/srv/x")
    assert settings.receivers[0].options == {"secret": "one\ntwo", "allow_http": "true"}
    (route,) = settings.routes
    assert (route.severity, route.goes_on) == (Severity.HIGH, False)
    assert [(one.name, one.language) for one in settings.feeds] == [("Eins", "de"), ("Zwei", None)]


def _opml(folder: Path) -> dict[str, str]:
    (folder / "list.opml").write_text(
        '<opml version="2.0"><body><outline text="Group">'
        '<outline text="Eins" xmlUrl="https://eins.example/f" language="de"/></outline>'
        '<outline title="Zwei" xmlUrl="https://zwei.example/f"/></body></opml>',
        encoding="utf-8",
    )
    return {}


def test_credentials_are_taken_out_of_a_feeds_url(load: Load) -> None:
    url = "https://us%40er:pa%2Fss@[2001:db8::1]:8443/f?k=1#top"
    (feed,) = load(f'[[feeds]]\nurl = "{url}"\n').feeds
    assert feed.url == "https://[2001:db8::1]:8443/f?k=1"
    assert feed.credentials == ("us@er", "pa/ss")
    assert "pa/ss" not in repr(feed)
    (bare,) = load('[[feeds]]\nurl = "https://user@x.example/"\n').feeds
    assert bare.credentials == ("user", "")


def test_a_feed_can_be_of_priority_and_hosts_get_a_gap_and_a_contact(load: Load) -> None:
    feeds = '[[feeds]]\nurl = "https://a/"\npriority = "high"\n[[feeds]]\nurl = "https://b/"\n'
    settings = load(feeds + '[polling]\nhost_gap = "250ms"\ncontact = "desk@news.example"\n')
    assert [one.priority for one in settings.feeds] == ["high", "normal"]
    assert settings.host_gap == timedelta(milliseconds=250)
    assert settings.contact == "desk@news.example"
    shipped = load("")
    assert (shipped.host_gap, shipped.contact) == (timedelta(seconds=1), "")


def test_variables_have_defaults_and_may_stand_in_files(load: Load) -> None:
    (load.folder / "secret").write_text("s3cret\n", encoding="utf-8")
    text = '[[receivers]]\nname = "a"\ntype = "${KIND:-console}"\nurl = "${HOOK}"\n'
    settings = load(text, HOOK_FILE=str(load.folder / "secret"))
    assert settings.receivers[0].options == {"url": "s3cret"}
    assert settings.receivers[0].type == "console"


def test_a_variable_that_is_not_set_is_a_fault_and_not_an_empty_text(load: Load) -> None:
    text = '[[receivers]]\nname = "a"\ntype = "slack"\nurl = "${HOOK}"\n'
    assert load.faults(text) == [
        "monitor.toml:4: receivers[0].url environment variable HOOK is not set"
        " (set it, or HOOK_FILE)"
    ]
    assert load.faults(text, HOOK_FILE="/nowhere") == [
        "monitor.toml:4: receivers[0].url the file that HOOK_FILE names"
        " cannot be read: No such file or directory"
    ]


def test_all_faults_are_told_at_once_with_line_key_and_hint(load: Load) -> None:
    said = load.faults(
        '[poling]\n[polling]\nintervall = "10m"\nmin_interval = "x"\nmax_entries = 0\n'
        '[[receivers]]\nname = "De sk"\ntype = "slack"\n'
        '[[routes]]\nrecievers = ["a"]\nseverity = "hihg"\n'
        '[[feeds]]\nurl = "ftp://x"\n[[feeds]]\nurl = "https://a.example/"\nnam = "x"\n'
        "[[feeds]]\nurl = 7\n"
    )
    assert set(said) == {
        "monitor.toml:1: poling there is no such key (did you mean polling?)",
        "monitor.toml:3: polling.intervall there is no such key (did you mean interval?)",
        "monitor.toml:4: polling.min_interval is not a duration, a number and a unit like"
        ' "90s", "10m" or "24h"',
        "monitor.toml:5: polling.max_entries is too small (at least 1)",
        "monitor.toml:7: receivers[0].name does not have the right form"
        " (wanted: ^[a-z0-9_-]{1,64}$)",
        "monitor.toml:10: routes[0].recievers there is no such key (did you mean receivers?)",
        "monitor.toml:11: routes[0].severity is none of the words it can be"
        " ('low', 'medium', 'high' or 'critical')",
        "monitor.toml:13: feeds[0].url starts with neither http:// nor https://",
        "monitor.toml:16: feeds[1].nam there is no such key (did you mean name?)",
        "monitor.toml:18: feeds[2].url is not a text",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("feeds = [3]", "monitor.toml:1: feeds[0] is not a table"),
        ('polling = "x"', "monitor.toml:1: polling is not a table"),
        ("polling.batch = 0", "monitor.toml:1: polling.batch is too small"),
        (
            '\nfeeds = [{url = "x"}]\n[store]\nurl = ""',
            "monitor.toml:2: feeds[0].url starts with neither",
        ),
        ("[polling]\nmax_body = 9999999999", "max_body is too large (at most 1000000000)"),
        (
            '[polling]\ninterval = "1s"\nmin_interval = "2s"',
            "min_interval and interval are not in ascending order",
        ),
        ('[polling]\nmin_interval = "10ms"', "polling.min_interval is not between 1s and 24h"),
        ('[polling]\ndeadline = "0s"', "polling.deadline is not between 1s and 10m"),
        ('[polling]\nhost_gap = "61s"', "polling.host_gap is not between 0s and 60s"),
        ('[polling]\ncontact = "a\\nb"', "polling.contact is longer than 200, or not"),
        ('[network]\nuser_agent = "a\\nb"', "network.user_agent is longer than 200, or not"),
        (
            '[[feeds]]\nurl = "https://a/"\npriority = "top"',
            "feeds[0].priority is none of the words",
        ),
        ('[store]\nurl = "http://x"', "begins with none of redis://, rediss://, unix://, sen"),
        ('[[routes]]\nreceivers = ["console"]\nlanguages = ["french"]', "languages[0] does not"),
        ("feeds = []", "monitor.toml: feeds: there is no feed to watch"),
        ('[polling]\nmax_interval = "1m"', "interval and max_interval are not in ascending"),
        ('[[feeds]]\nurl = "https://"', "names no host"),
        ('[[feeds]]\nurl = "https://a b"', "holds a blank or a control character"),
        ('[[feeds]]\nurl = "https://a:99999"', "is not a URL"),
        (f'[[feeds]]\nurl = "https://a/{"x" * 3000}"', "is too long (at most 2000 characters)"),
        ("[store]\nfolder = 1", "there is no such key (known keys: data_dir, max_memory, url)"),
        ('a = "', "monitor.toml:1: is not valid TOML"),
        ("[polling", "is not valid TOML"),
        ("feeds = [\n", "is not valid TOML"),
        (
            '[[feeds]]\nurl = "https://a/"\n[[feeds]]\nurl = "https://u:p@a/"',
            "monitor.toml: feeds[1].url: https://a/ stands already at monitor.toml: feeds[0]",
        ),
        (
            '[[receivers]]\nname = "a"\ntype = "console"\n' * 2,
            "receivers[1].name: a is the name of another receiver too",
        ),
        (
            '[[routes]]\nreceivers = ["consol"]',
            "routes[0].receivers: there is no receiver consol (did you mean console?)",
        ),
        (
            '[[routes]]\nreceivers = ["zzz"]',
            "routes[0].receivers: there is no receiver zzz (known: console)",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(load: Load, text: str, said: str) -> None:
    assert said in "\n".join(load.faults(text))


def test_files_that_cannot_be_read_are_named(load: Load) -> None:
    assert load.faults('feeds = ["no.toml"]') == ["no.toml: No such file or directory"]
    assert load.faults('feeds = ["."]')[0].endswith("is not a regular file")
    (load.folder / "bad.toml").write_bytes(b'[[feeds]]\nurl = "\xff"\n')
    assert load.faults('feeds = ["bad.toml"]') == ["bad.toml:2: is not UTF-8 text"]
    (load.folder / "bad.opml").write_text("<opml>\n<body", encoding="utf-8")
    assert load.faults('feeds = ["bad.opml"]')[0].startswith("bad.opml:2: is not well-formed")
    (load.folder / "url.opml").write_text(
        '<opml>\n<outline xmlUrl="ftp://x"/>\n<outline xmlUrl="https://a/"/></opml>'
    )
    assert load.faults('feeds = ["url.opml"]') == [
        "url.opml:2: xmlUrl: starts with neither http:// nor https://"
    ]
    with (load.folder / "big.toml").open("wb") as big:
        big.truncate(60_000_000)
    assert load.faults('feeds = ["big.toml"]') == ["big.toml: is larger than 50 MB"]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(load: Load) -> None:
    (load.folder / "f.toml").write_bytes(b'\xef\xbb\xbf[[feeds]]\r\nurl = "https://a/"\r\n')
    assert len(load('feeds = ["f.toml"]\r\n').feeds) == 1


WHOLE = """
[deliveries]
timeout = "5s"
keep = "30d"
most = 5000
notices = ["ops"]
[[receivers]]
name = "desk"
type = "console"
pace = "20/m"
storm = "off"
timezone = "Africa/Bamako"
quiet = "22:00-06:30"
quiet_unless = "critical"
digest = "daily 07:30"
[[receivers]]
name = "ops"
type = "console"
[[routes]]
receivers = ["desk"]
alerts = "digest"
[[routes.routes]]
entities = ["Q912"]
state_media = false
receivers = ["ops"]
updates = "quiet"
[[routes.routes]]
topics = ["sahel"]
[[silences]]
topics = ["sahel"]
until = 2026-12-01T06:00:00
comment = "exercise"
"""


def test_receivers_have_hours_and_paces_and_routes_take_over_from_those_above(load: Load) -> None:
    settings = load(WHOLE)
    assert (settings.timeout, settings.keep) == (timedelta(seconds=5), timedelta(days=30))
    assert (settings.most_deliveries, settings.notices) == (5_000, ("ops",))
    desk = settings.receivers[0]
    assert (desk.pace, desk.storm) == (Pace(20, 60.0), Pace(0, 0.0))
    night = (time(22), time(6, 30))
    assert desk.cadence == Cadence("Africa/Bamako", night, Severity.CRITICAL, time(7, 30))
    (top,) = settings.routes
    first, second = top.routes
    assert (first.receivers, first.alerts, first.updates) == (("ops",), "digest", "quiet")
    assert (second.receivers, second.alerts, second.updates) == (("desk",), "digest", "send")
    assert (first.state_media, second.state_media) == (False, None)
    (silence,) = settings.silences
    assert (silence.until, silence.comment) == (datetime(2026, 12, 1, 6, tzinfo=UTC), "exercise")
    assert silence.id == load(WHOLE).silences[0].id


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('pace = "fast"', "receivers[0].pace is not a pace"),
        ('pace = "0/s"', "receivers[0].pace is not a pace"),
        ('storm = "5/0s"', "receivers[0].storm is a pace in no time"),
        ('quiet = "22-06"', 'receivers[0].quiet is no span of the day like "22:00-06:30"'),
        ('quiet = "22:00"', 'receivers[0].quiet is no span of the day like "22:00-06:30"'),
        ('quiet = "22:00-22:00"', "receivers[0].quiet begins when it ends"),
        ('timezone = "Mali"', "receivers[0].timezone is no time zone"),
        ('timezone = "../etc"', "receivers[0].timezone is no time zone"),
        ('digest = "weekly"', 'receivers[0].digest is neither "hourly" nor'),
        ('digest = "daily 7.30"', 'receivers[0].digest is neither "hourly" nor'),
        ('quiet_unless = "loud"', "receivers[0].quiet_unless is none of the words it can be"),
    ],
)
def test_hours_and_paces_that_cannot_be_are_told(load: Load, text: str, said: str) -> None:
    (fault,) = load.faults(f'[[receivers]]\nname = "desk"\ntype = "console"\n{text}\n')
    assert said in fault
    assert fault.startswith("monitor.toml:4: ")


def test_a_fault_in_a_route_below_another_is_told_with_its_own_line(load: Load) -> None:
    route = '[[routes]]\nreceivers = ["console"]\n[[routes.routes]]\ntopics = ["sahel"]\n'
    (fault,) = load.faults(f'{route}{route}[[routes.routes]]\nseverity = "grave"\n')
    assert fault.startswith("monitor.toml:10: routes[1].routes[1].severity is none of the words")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[deliveries]\ntimeout = "20s"', "timeout is not between 1s and 15s"),
        ('[deliveries]\nkeep = "91d"', "keep is not between 1d and 90d"),
        ('[deliveries]\nnotices = ["opz"]', "deliveries.notices: there is no receiver opz"),
        ('[[silences]]\ntopics = ["sahel"]', "silences[0].until is missing"),
        ("[[silences]]\nuntil = 2026-12-01", "it would silence all"),
        (
            '[[silences]]\nuntil = 4\ntopics = ["x"]',
            "until is not a time like 2026-12-01T06:00:00Z",
        ),
        ('[[routes]]\nreceivers = ["console"]\ncontinue = "no"', "is neither true nor false"),
        ('[[routes]]\nreceivers = ["console"]\ngoes_on = false', "there is no such key"),
        ('[[routes]]\ntopics = ["sahel"]', "routes[0] leads to nobody: receivers is missing"),
        (
            '[[routes]]\ntopics = ["sahel"]\n[[routes.routes]]\nreceivers = ["consol"]',
            "routes[0].routes[0].receivers: there is no receiver consol (did you mean console?)",
        ),
    ],
)
def test_deliveries_silences_and_routes_that_cannot_be_are_told(
    load: Load, text: str, said: str
) -> None:
    assert said in "\n".join(load.faults(text))


def test_a_canary_is_sent_to_whom_it_is_set_and_as_often(load: Load) -> None:
    assert load("").canary is None
    settings = load('[canary]\nreceiver = "console"\n')
    assert settings.canary == Canary("console", timedelta(hours=1), "")
    table = '[canary]\nreceiver = "console"\nevery = "24h"\nping = "https://p.example/a-secret"\n'
    settings = load(table)
    assert settings.canary == Canary("console", timedelta(hours=24), "https://p.example/a-secret")
    assert "a-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "canary.receiver is missing"),
        ('receiver = "consol"', "canary.receiver: there is no receiver consol (did you mean con"),
        ('receiver = "console"\nevery = "59s"', "canary.every is not between 1m and 24h"),
        ('receiver = "console"\nevery = "25h"', "canary.every is not between 1m and 24h"),
        ('receiver = "console"\nping = "p.example"', "canary.ping starts with neither http:// nor"),
        ('receiver = "console"\nping = "https://"', "canary.ping names no host"),
        ('receiver = "console"\nto = "x"', "canary.to there is no such key"),
    ],
)
def test_a_canary_that_cannot_be_is_told(load: Load, table: str, said: str) -> None:
    assert said in "\n".join(load.faults(f"[canary]\n{table}\n"))


def test_the_archive_is_bounded_by_age_and_size(load: Load) -> None:
    settings = load("")
    assert (settings.archive_keep, settings.archive_size) == (timedelta(days=30), 128 << 20)
    settings = load('[archive]\nkeep = "366d"\nmax_size = "64gb"\n')
    assert (settings.archive_keep, settings.archive_size) == (timedelta(days=366), 64 << 30)
    (short,) = load.faults('[archive]\nkeep = "59m"\n')
    assert "archive.keep is not between 1h and 366d" in short
    (small,) = load.faults('[archive]\nmax_size = "1023kb"\n')
    assert "archive.max_size is not between 1mb and 64gb" in small


def test_the_endpoint_for_hubs_is_off_unless_it_has_a_callback(load: Load) -> None:
    assert load("").websub is None
    assert load('[websub]\ncallback = "https://us.example/push/"').websub == Endpoint(
        "https://us.example/push", "127.0.0.1", 8780, timedelta(days=10)
    )
    table = '[websub]\ncallback = "http://us.example"\nallow_http = true\n'
    found = load(f'{table}listen = "[::1]:80"\nlease = "1h"').websub
    assert found == Endpoint("http://us.example", "::1", 80, timedelta(hours=1), allow_http=True)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('callback = "http://us.example"', "callback is not https, and allow_http is not set"),
        ('callback = "us.example"', "starts with neither http:// nor https://"),
        ('callback = "https://us.example/?a=b"', "has a query or a fragment"),
        ('listen = "8780"', "is no address and port"),
        ("listen = 8780", "is no address and port"),
        ('listen = "127.0.0.1:99999"', "is no address and port"),
        ('lease = "9m"', "lease is not between 10m and 30d"),
        ('lease = "31d"', "lease is not between 10m and 30d"),
    ],
)
def test_an_endpoint_for_hubs_that_cannot_be_is_told(load: Load, table: str, said: str) -> None:
    (fault,) = load.faults(f"[websub]\n{table}\n")
    assert said in fault


LIMITS = """
[limits]
redirects = 2
header_bytes = 8000
headers = 100
title = 100
summary = 0
link = 500
parse_cpu = "2s"
parse_time = "4s"
parse_memory = "256mb"
[network]
proxy = "http://us:${WORD}@proxy:3128"
"""


def test_what_strangers_send_is_bounded_by_setting(load: Load) -> None:
    settings = load(LIMITS, WORD="s3cret-word")
    one, shipped = settings.limits, load("").limits
    assert (one.redirects, one.header_bytes, one.headers) == (2, 8_000, 100)
    assert (one.title, one.summary, one.link) == (100, 0, 500)
    assert (one.parse_cpu, one.parse_time) == (timedelta(seconds=2), timedelta(seconds=4))
    assert one.parse_memory == 256 << 20
    assert (shipped.redirects, shipped.parse_memory) == (5, 256 << 20)
    assert (shipped.parse_cpu, shipped.parse_time) == (timedelta(seconds=8), timedelta(seconds=15))


def test_a_proxy_is_read_and_shown_nowhere(load: Load) -> None:
    settings = load(LIMITS, WORD="s3cret-word")
    assert settings.proxy == "http://us:s3cret-word@proxy:3128"
    assert "s3cret-word" not in repr(settings)
    assert load("").proxy == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("redirects = 21", "monitor.toml:2: limits.redirects is too large (at most 20)"),
        ("redirects = -1", "monitor.toml:2: limits.redirects is too small (at least 0)"),
        ("header_bytes = 200000", "limits.header_bytes is too large (at most 100000)"),
        ("headers = 10", "limits.headers is too small (at least 50)"),
        ("title = 10", "limits.title is too small (at least 50)"),
        ("summary = 30000", "limits.summary is too large (at most 20000)"),
        ("link = 10", "limits.link is too small (at least 200)"),
        ("parse_cpu = 8", "monitor.toml:2: limits.parse_cpu is not a duration"),
        ('parse_cpu = "0s"', "monitor.toml:2: limits.parse_cpu is not between 1s and 2m"),
        ('parse_time = "3m"', "parse_time is not between 1s and 2m"),
        ('parse_cpu = "20s"', "parse_cpu and parse_time are not in ascending order"),
        ("parse_memory = 512", "limits.parse_memory is not a size, a whole number and a unit"),
        ('parse_memory = "64mb"', "parse_memory is not between 128mb and 4gb"),
        ('parse_memory = "5gb"', "parse_memory is not between 128mb and 4gb"),
        ("redirect = 5", "there is no such key (did you mean redirects?)"),
    ],
)
def test_limits_that_cannot_be_are_told_with_place_and_hint(
    load: Load, text: str, said: str
) -> None:
    (fault,) = load.faults(f"[limits]\n{text}\n")
    assert said in fault
