"""The units of systemd: that they say what the Procfile says, that systemd finds no fault in them,
and that the service can live with what they forbid.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.commands import DEPLOY, commands, expanded
from tests.sandbox import settings
from tests.servers import short_folder
from tests.service.running import newsroom, service, title, wait_until, write_config

UNITS = DEPLOY / "systemd"
# The largest exposure that `systemd-analyze security` may find, of 10.
_EXPOSURE = 1.5
installed = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


def test_each_unit_runs_what_the_procfile_runs() -> None:
    found = {}
    for name in commands():
        unit = UNITS / f"monitor-{name}.service"
        variables = dict(one.split("=") for one in settings(unit, "Environment"))
        (line,) = settings(unit, "ExecStart")
        found[name] = expanded(line, variables).replace("%%", "%").removeprefix("/opt/monitor/bin/")
    assert found == commands()
    assert settings(UNITS / "monitor-run.service", "ExecStart") == ["/opt/monitor/bin/monitor run"]


def test_the_target_names_every_unit_and_each_belongs_to_it() -> None:
    target = (UNITS / "monitor.target").read_text(encoding="utf-8")
    for name in commands():
        assert f"monitor-{name}" in target
        assert settings(UNITS / f"monitor-{name}.service", "WantedBy") == ["monitor.target"]


def test_what_is_common_stands_once_and_concerns_every_unit() -> None:
    for unit in UNITS.glob("*.service"):
        assert unit.name.startswith("monitor-")
        text = unit.read_text(encoding="utf-8")
        assert "Protect" not in text
        assert "User=" not in text


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of a machine on which the units are installed."""
    shutil.copytree(UNITS, tmp_path / "etc/systemd/system")
    targets = tmp_path / "usr/lib/systemd/system"
    targets.mkdir(parents=True)
    for kind in ("target", "slice"):
        for one in Path("/usr/lib/systemd/system").glob(f"*.{kind}"):
            shutil.copy(one, targets)
    binaries = tmp_path / "opt/monitor/bin"
    binaries.mkdir(parents=True)
    for name in ("monitor", "celery"):
        (binaries / name).touch(mode=0o755)
    return tmp_path


@installed
@pytest.mark.slow
def test_systemd_finds_no_fault_and_little_that_is_exposed(machine: Path) -> None:
    for unit in sorted(UNITS.glob("*.service")):
        words = ["systemd-analyze", f"--root={machine}", "--no-pager"]
        checked = subprocess.run(
            [*words, "verify", unit.name], capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, "")
        told = subprocess.run(
            [*words, "security", "--offline=true", unit.name],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", told)
        assert float(exposure) <= _EXPOSURE, unit.name


@installed
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_service_alerts_under_the_units_filter_of_system_calls() -> None:
    """Polls, parses, keeps its store and sends, where nothing else of the kernel can be asked."""
    with short_folder() as folder, newsroom(2) as room:
        with service(write_config(folder, room), "tests.service.filtered_run") as running:
            wait_until(lambda: len(room.server.asked("/feed/1")) > 0, 40, "a poll of each feed")
            for number in range(4):
                room.publish(number % 2, title(number))
            wait_until(lambda: len(room.titles()) == 4, 30, "four alerts")
            for pid in running.pids(""):
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                assert re.search(r"^Seccomp:\s+2$", status, flags=re.MULTILINE)
            assert running.stop() < 10
        assert "Traceback" not in running.log()
        assert "Operation not permitted" not in running.log()
