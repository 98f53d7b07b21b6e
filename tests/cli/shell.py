"""Commands, run as a user types them, in this process."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.cli.main import main


@dataclass
class Said:
    """What a command printed, and its exit status."""

    code: int
    out: str
    err: str

    def rows(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


class Shell:
    """Runs commands in a folder of their own."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.folder, self.patch, self.capture = folder, patch, capture
        for name in ("MONITOR_CONFIG", "REDIS_URL"):
            patch.setenv(name, "")
        patch.chdir(folder)

    def __call__(self, *words: str, stdin: str = "") -> Said:
        self.patch.setattr(sys, "argv", ["monitor", *words])
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capture.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    def config(self, text: str) -> None:
        (self.folder / "monitor.toml").write_text(text, encoding="utf-8")
