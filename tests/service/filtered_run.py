"""`monitor` under the system call filter of our systemd units."""

from __future__ import annotations

from pathlib import Path

from monitor.cli.main import main
from tests.sandbox import load

UNIT = Path(__file__).parents[2] / "deploy/systemd/monitor-.service.d/common.conf"

if __name__ == "__main__":
    load(UNIT)
    main()
