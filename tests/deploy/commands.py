"""What the Procfile runs, in a form that units, containers and pods can be compared with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from monitor.service.supervisor import read_procfile

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
# What the Procfile leaves to others: `monitor run` adds them by the configuration.
OTHERS = {"websub": "monitor websub", "web": "monitor web"}
_DEFAULT = re.compile(r"\$\{(\w+):-(\w+)\}")


def commands() -> dict[str, str]:
    """Command by process, with the defaults of variables put in."""
    found = {name: _DEFAULT.sub(r"\2", line) for name, line in read_procfile().items()}
    del found["store"]
    return {**found, **OTHERS}


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """A command with its variables put in."""
    for name, value in variables.items():
        text = re.sub(rf"\$[{{(]{name}[}})]", value, text)
    return text
