"""`monitor run` whose workers load a module of the tests (WORKERS_LOAD; without it the kill
points), and whose clock a test may set:

python -m tests.service.faulty_run ...
"""

from __future__ import annotations

import os

from monitor.cli.main import main
from monitor.service import running, supervisor


def _faulty() -> dict[str, str]:
    app = "tests.service.clocked" if "CLOCK" in os.environ else "monitor"
    loads = f" worker -I {os.environ.get('WORKERS_LOAD', 'tests.service.kill_points')} "
    return {
        name: command.replace("-A monitor", f"-A {app}").replace(" worker ", loads)
        for name, command in supervisor.read_procfile().items()
    }


vars(running)["read_procfile"] = _faulty
# Tests kill a process more often than anything should: it comes back at once.
vars(supervisor)["_LONGEST_PAUSE"] = 1.0

if __name__ == "__main__":
    main()
