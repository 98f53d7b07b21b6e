"""Editing which feeds are watched: read, change, check the whole configuration, then write.

One command at a time edits, and what somebody else changed meanwhile is not overwritten. All that
is decided on stands in the files: a service that runs takes it up from there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.core.errors import BadInput, Fault, Unavailable
from monitor.core.identity import canonical_url
from monitor.core.models import Feed, FeedState
from monitor.core.shown import shown_url
from monitor.edges.files import alone, can_replace, read_exactly, replace_text
from monitor.edges.settings import Settings, Sources
from monitor.edges.settings.editing import FeedWords, table_lines, with_feeds, without_feeds
from monitor.edges.settings.feeds import Place, is_opml
from monitor.edges.settings.outlines import without_outlines
from monitor.edges.settings.standing import DEFAULTS, shipped
from monitor.edges.store.redis import RedisStore
from monitor.service.checking import (
    read_settings,
    read_sources,
    read_standing,
    read_variables,
    store_url,
)

_OWN = "# What is left out stays as shipped; docs/configuration.md tells all keys.\n"
_FIRST = 'feeds = ["feeds.toml"]'


@dataclass(frozen=True, slots=True)
class Wanted:
    """A feed to be added: where it was asked for, and what is to be written of it."""

    where: str
    words: FeedWords

    @property
    def url(self) -> str:
        """Its address as it is written."""
        return str(self.words["url"])


@dataclass(frozen=True, slots=True)
class Added:
    """What became of those to be added: the file they stand in now, and where others already do."""

    file: Path
    new: tuple[Wanted, ...]
    known: tuple[tuple[Wanted, str], ...]


class Shelf:
    """The feeds as they stand in the files of a configuration (`config`: as the option's)."""

    def __init__(self, config: str | None) -> None:
        self._config = config
        self.sources = read_sources(config)
        self.faults: list[Fault] = []
        self.standing = read_standing(self.sources, self.faults)
        self._by_name = {canonical_url(feed.url): place for place, feed in self.standing}

    def holds_feed(self, url: str) -> bool:
        """Whether a feed stands already, however its address is spelt."""
        return canonical_url(read_variables(url)) in self._by_name

    def add(self, wanted: Sequence[Wanted], into: Path | None = None) -> Added:
        """Write those that are not there yet; where `into` is not given, into the last file that
        may be written.

        Raises BadInput or Unavailable when nothing was written.
        """
        new: list[Wanted] = []
        known: list[tuple[Wanted, Place | str]] = []
        firsts: dict[str, Wanted] = {}
        for one in wanted:
            name = canonical_url(read_variables(one.url))
            first = firsts.setdefault(name, one)
            if place := self._by_name.get(name):
                known.append((one, place))
            elif first is not one:
                known.append((one, first.where))
            else:
                new.append(one)
        file = _target(self.sources, into)
        places = iter(spoken([at for _, at in known if isinstance(at, Place)]))
        told = [(one, next(places) if isinstance(at, Place) else at) for one, at in known]
        if new:
            before = read_exactly(file) if file.exists() else None
            after = with_feeds(file, before or "", [one.words for one in new])
            self._write({file: (before, after)})
        return Added(file, tuple(new), tuple(told))

    def target(self, into: Path | None) -> Path:
        """The file that feeds would be added to; raises BadInput or Unavailable for none."""
        return _target(self.sources, into)

    def holds(self, file: Path) -> bool:
        """Whether a file is the configuration, or one of those that feeds stand in."""
        return any(_same(one, file) for one in (self.sources.config, *self.sources.files))

    def find_all(self, names: Sequence[str]) -> list[tuple[Place, Feed]]:
        """As `find`, each once; raises BadInput with all that cannot be found."""
        faults: list[Fault] = []
        found: dict[Place, Feed] = {}
        for name in names:
            try:
                place, feed = self.find(name)
                found[place] = feed
            except BadInput as bad:
                faults += bad.faults
        if faults:
            raise BadInput(faults)
        return list(found.items())

    def find(self, name: str) -> tuple[Place, Feed]:
        """The feed of this address, key or name; raises BadInput unless there is just one."""
        found = list(self._called(name))
        exact = [each for each in found if name in (each[1].url, each[1].shown)]
        if len(found := exact or found) == 1:
            return found[0]
        if not found:
            unknown = Fault(shown_url(name), "no feed has this address, key or name", _LIST)
            raise BadInput(self.faults or [unknown])
        told = [f"{feed.shown} in {place}" for place, (_, feed) in self._placed(found)]
        raise BadInput(
            [Fault(shown_url(name), f"{len(found)} feeds are called so: {'; '.join(told)}")]
        )

    def _placed(
        self, found: Sequence[tuple[Place, Feed]]
    ) -> Iterator[tuple[str, tuple[Place, Feed]]]:
        return zip(spoken([place for place, _ in found]), found, strict=True)

    def _called(self, name: str) -> Iterator[tuple[Place, Feed]]:
        if "://" in name:
            wanted = canonical_url(name)
            return (
                one
                for one in self.standing
                if name == one[1].shown or canonical_url(one[1].url) == wanted
            )
        folded = name.casefold()
        return (
            (place, feed)
            for place, feed in self.standing
            if name == feed.key or folded == feed.name.casefold()
        )

    def remove(self, gone: Sequence[tuple[Place, Feed]]) -> None:
        """Take feeds out of their files; raises BadInput or Unavailable when nothing was."""
        if len(gone) == len(self.standing):
            # Without any, the shipped ones might come back.
            raise BadInput([Fault(f"{self.sources.config}: feeds", "there would be none left")])
        by_file: dict[Path, dict[int, Feed]] = {}
        for place, feed in gone:
            by_file.setdefault(place.file, {})[place.number] = feed
        self._write({file: _without(file, feeds) for file, feeds in by_file.items()})

    def _write(self, texts: Mapping[Path, tuple[str | None, str]]) -> None:
        """Replace the texts of files, if the whole configuration can be read with them."""
        drafts = {Path(os.path.realpath(file)): after for file, (_, after) in texts.items()}
        read_settings(self._config, drafts=drafts)
        for file, (before, after) in texts.items():
            replace_text(file, after, before)


_LIST = "see `monitor feeds list`"


@contextmanager
def edit(config: str | None) -> Iterator[Shelf]:
    """The feeds, for one who edits them alone."""
    with alone(read_sources(config).home):
        yield Shelf(config)


def _without(file: Path, feeds: Mapping[int, Feed]) -> tuple[str, str]:
    """The text of a file, and the same without some feeds."""
    if shipped(file):
        raise BadInput([_shipped(file)])
    before = read_exactly(file)
    if is_opml(file):
        return before, without_outlines(file, before, feeds.keys())
    names = {number: _names(feed) for number, feed in feeds.items()}
    return before, without_feeds(file, before, feeds.keys(), names)


def _names(feed: Feed) -> tuple[str, ...]:
    """What a comment may call a feed."""
    host = canonical_url(feed.url).removeprefix("//").partition("/")[0]
    return tuple(one for one in (feed.name, feed.url, host) if one)


def _shipped(file: Path) -> Fault:
    why = "is one of the shipped files, which stay as they are"
    return Fault(str(file), why, "`monitor feeds init` makes a copy here that can be edited")


def _target(sources: Sources, into: Path | None) -> Path:
    """The file that feeds are added to."""
    if not sources.tables and any(map(shipped, sources.files)):
        raise BadInput([_shipped(sources.files[-1])])
    tables = [one for one in sources.tables if into is None or _same(one, into)]
    if into is not None and not tables:
        named = any(_same(one, into) for one in sources.files)
        why = (
            "is OPML, and feeds are added to TOML" if named else f"is not named in {sources.config}"
        )
        raise BadInput([Fault(str(into), why, 'name it first: feeds = ["feeds.toml"]')])
    if not tables:
        why = "names only OPML files, and feeds are added to TOML"
        hint = "name a TOML file as well; it is made when there is something to write"
        raise BadInput([Fault(f"{sources.config}: feeds", why, hint)])
    for one in reversed(tables):
        if can_replace(one):
            return one
    raise Unavailable(f"{tables[-1]} may not be written to, or its folder may not")


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def spoken(places: Sequence[Place]) -> list[str]:
    """Places as people look for them: with the line that a table begins in, where it has one."""
    lines: dict[Path, list[int]] = {}
    told = []
    for place in places:
        if not place.line and place.file not in lines:
            lines[place.file] = table_lines(read_exactly(place.file))
        heads = lines.get(place.file, [])
        line = place.line or (heads[place.number] if place.number < len(heads) else 0)
        told.append(str(place._replace(line=line)))
    return told


def states(settings: Settings) -> tuple[dict[str, FeedState], dict[str, float]]:
    """The state of each feed, and when its next turn is (epoch seconds), by key; raises
    Unavailable without the store.
    """
    store = RedisStore(store_url(settings))
    try:
        keys = [feed.key for feed in settings.feeds]
        return store.feed_states(keys), store.due_times(keys)
    finally:
        store.close()


def begin(config: str | None) -> tuple[Path, Path]:
    """Make the shipped feeds one's own: a copy beside the config file, and named there; the paths
    of both. Without a config file, one is made where we are.
    """
    sources = read_sources(config)
    if not all(map(shipped, sources.files)) or sources.tables:
        raise BadInput([Fault(f"{sources.config}: feeds", "names feeds of your own already")])
    new = shipped(sources.config)
    chosen = Path.cwd() / "monitor.toml" if new else sources.config
    feeds = chosen.parent / "feeds.toml"
    for one in (feeds, *([chosen] if new else [])):
        if one.exists():
            raise BadInput([Fault(str(one), "stands there already", "name it in feeds yourself")])
    with alone(chosen.parent):
        before = None if new else read_exactly(chosen)
        texts = {feeds: read_exactly(DEFAULTS / "feeds.toml"), chosen: _naming(before)}
        if not new:
            read_settings(
                str(chosen), drafts={Path(os.path.realpath(k)): t for k, t in texts.items()}
            )
        replace_text(feeds, texts[feeds], None)
        replace_text(chosen, texts[chosen], before)
    return chosen, feeds


def _naming(config: str | None) -> str:
    """The config file with the first line that names the feeds file."""
    if config is None:
        return f"{_OWN}{_FIRST}\n"
    mark, end = "\ufeff" * config.startswith("\ufeff"), "\r\n" if "\r\n" in config else "\n"
    return f"{mark}{_FIRST}{end}{end}{config.removeprefix(mark)}"
