"""What was found at a site, for people."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.shown import plain
from monitor.service.discovering import Found


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells, which begin below one another."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def found_table(found: Sequence[Found]) -> str:
    """Feeds that can be read, one a line."""
    lines = [("URL", "FORMAT", "ENTRIES", "NEWEST (UTC)", "TITLE")]
    for one in found:
        newest = f"{one.newest:%Y-%m-%d %H:%M}" if one.newest else "-"
        cells = (one.url, one.format, str(one.entries), newest, one.title)
        lines.append((plain(cells[0]), plain(cells[1]), cells[2], cells[3], plain(cells[4])))
    told = aligned(lines)
    itself = found[0].found_by == "itself"
    return f"{told}\nthis address is a feed itself" if itself else told
