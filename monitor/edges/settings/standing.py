"""Which feeds stand where: in the config file itself, and in the files that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed
from monitor.edges.files import read_text
from monitor.edges.settings.document import Reader
from monitor.edges.settings.feeds import Place, is_opml, make_feed, read_feeds
from monitor.edges.settings.schema import ConfigFile, FeedTable

DEFAULTS = Path(__file__).parents[2] / "defaults"


@dataclass(frozen=True, slots=True)
class Sources:
    """The members of `feeds` in a config file; the shipped file where there is no such key."""

    config: Path
    members: tuple[str | FeedTable, ...]

    @property
    def home(self) -> Path:
        """The folder that the names of files start from."""
        return self.config.parent

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are named, in their order."""
        return tuple(self.home / one for one in self.members if isinstance(one, str))

    @property
    def tables(self) -> tuple[Path, ...]:
        """The files that hold tables of our form, or can: of those named, and the config file
        where it holds some itself; those that are shipped are nobody's to edit.
        """
        own = () if self.members and len(self.files) == len(self.members) else (self.config,)
        found = (*own, *(one for one in self.files if not is_opml(one)))
        return tuple(one for one in found if not shipped(one))

    def standing(
        self, environ: Mapping[str, str], faults: list[Fault], read: Reader = read_text
    ) -> Iterator[tuple[Place, Feed]]:
        """Every feed with its place, also one that stands twice; what is wrong with the others is
        added to `faults`.
        """
        for number, one in enumerate(self.members):
            if isinstance(one, FeedTable):
                yield Place(self.config, number), make_feed(one)
                continue
            try:
                yield from read_feeds(self.home / one, environ, read)
            except BadInput as bad:
                faults += bad.faults


def shipped(path: Path) -> bool:
    """Whether a file is one of those that came with the program."""
    return path.resolve().is_relative_to(DEFAULTS.resolve())


def sources_of(config: ConfigFile, path: Path) -> Sources:
    """What a config file says of feeds."""
    return Sources(path, (str(DEFAULTS / "feeds.toml"),) if config.feeds is None else config.feeds)


def first_ones(
    standing: Iterator[tuple[Place, Feed]], faults: list[Fault]
) -> Iterator[tuple[Place, Feed]]:
    """Those that stand for the first time; where others stand is added to `faults`."""
    places: dict[str, Place] = {}
    for place, feed in standing:
        earlier = places.setdefault(feed.url, place)
        if earlier is place:
            yield place, feed
        else:
            faults.append(Fault(f"{place}.url", f"{feed.shown} stands already at {earlier}"))
