"""What the core may import: a list, so that a new dependency there is a decision."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import monitor

ROOT = Path(monitor.__file__).parent
ALLOWED = {"feedparser", "lark", "lxml", "w3lib", "ahocorasick_rs", "Stemmer", "monitor"}
# The world: none of it may be touched where things are decided.
FORBIDDEN = {
    *("asyncio", "http", "logging", "multiprocessing", "os", "pathlib", "random", "select"),
    *("shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading"),
    *("time", "urllib.request", "uuid"),
}


# They hand the environment on: to the settings, and to processes of our own.
PASS_ON = ("cli/", "service/checking", "service/running", "edges/parsing")


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_core_imports_only_what_is_on_the_list() -> None:
    for path in (ROOT / "core").rglob("*.py"):
        for name in imports(path):
            top = name.partition(".")[0]
            assert top in ALLOWED or top in sys.stdlib_module_names, f"{path.name}: {name}"
            reason = f"{path.name}: {name}"
            assert not {name, top} & FORBIDDEN, reason
            assert top != "monitor" or name.startswith("monitor.core"), f"{path.name}: {name}"


def test_models_and_errors_know_no_library() -> None:
    for name in (
        "models/applied",
        "models/decided",
        "models/gathered",
        "models/compared",
        "errors",
        "digest",
    ):
        tops = {one.partition(".")[0] for one in imports(ROOT / "core" / f"{name}.py")}
        assert tops <= {"monitor", *sys.stdlib_module_names}


def test_each_library_is_known_only_in_its_room() -> None:
    rooms = {
        "feedparser": ("core/parse",),
        "redis": ("edges/store",),
        "celery": ("service/tasks.py", "service/beating.py", "celery.py"),
        "httpx": ("edges/net", "edges/fetch", "edges/transports"),
        "aiohttp": ("edges/net", "edges/canary.py", "service/subscribing.py", "web"),
        "jinja2": ("web",),
        "pydantic": ("edges",),
        "tomlkit": ("edges/settings/editing.py",),
    }
    for path in ROOT.rglob("*.py"):
        where = path.relative_to(ROOT).as_posix()
        for name in {one.partition(".")[0] for one in imports(path)} & set(rooms):
            assert where.startswith(rooms[name]), f"{where} imports {name}"


def test_only_the_entrance_reads_the_environment() -> None:
    for path in ROOT.rglob("*.py"):
        where = path.relative_to(ROOT).as_posix()
        if "os.environ" in path.read_text(encoding="utf-8"):
            assert where.startswith(PASS_ON), where
