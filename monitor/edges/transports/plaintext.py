"""An alert as plain text, for what knows no markup: a part of an e-mail, an unknown service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from monitor.edges.transports.layout import Line, Role, Run

Dress = Callable[[str], str]


def heading(shown: Sequence[Line], word: Dress = str) -> str:
    """The first line, without where it leads. `word` dresses a text."""
    return "".join(word(run.text) for run in shown[0].runs)


def below(shown: Sequence[Line], word: Dress = str, link: Dress = str) -> Iterator[str]:
    """The lines after the heading; first of all, on a line of its own, where that leads.

    `word` dresses a text, `link` a URL.
    """
    yield from (link(run.url) for run in shown[0].runs if run.url)
    for line in shown[1:]:
        yield _MARKS.get(line.role, "") + "".join(_written(line.runs, word, link))


_MARKS = {Role.QUOTE: "> ", Role.REPORT: "- "}


def _written(runs: Iterable[Run], word: Dress, link: Dress) -> Iterator[str]:
    for run in runs:
        yield word(run.text)
        if run.url:
            yield f" {link(run.url)}"
