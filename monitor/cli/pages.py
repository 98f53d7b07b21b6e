"""What pages in a terminal are made of. Texts from strangers are shown as `plain` has them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from monitor.core.shown import plain

# Columns of a page that no terminal bounds; and of one at least.
_WIDE, _NARROW = 160, 72


def console() -> Console:
    """Where pages are written: as wide as the terminal, but for one that no table fits in; wide
    where there is none.
    """
    wide = shutil.get_terminal_size((_WIDE, 0)).columns if _bounded() else _WIDE
    return Console(width=max(wide, _NARROW), highlight=False, emoji=False, markup=False)


def _bounded() -> bool:
    return sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()


def heading(name: str, said: str, width: int) -> Text:
    """A name, in bold and as wide as its column is, and what is said of it."""
    return Text.assemble((f"{name:{width}} ", "bold"), plain(said))


def table(*columns: str, numbers: Collection[str]) -> Table:
    """A table of these columns; those of `numbers` are set to the right."""
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name, overflow="fold", justify="right" if name in numbers else "left")
    return made


def indented(table: Table) -> Padding:
    """A table a little to the right of its heading."""
    return Padding(table, (0, 0, 0, 2))
