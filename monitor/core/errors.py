"""Faults in what people wrote (config, feeds, rulebook), told all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file: where (file, line or key), what, and a hint."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.where}: {self.what}{tail}"


class BadInput(Exception):
    """A config, feeds file or rulebook cannot be used; carries every fault found in it.

    `found` is what could be made of it all the same, so that it can be checked further.
    """

    def __init__(self, faults: Iterable[Fault], found: object = None) -> None:
        self.faults = tuple(faults)
        self.found = found
        super().__init__("\n".join(str(fault) for fault in self.faults))


class Unavailable(Exception):
    """Something outside the service (store, folder, socket) cannot be used just now.

    The message is one sentence for people; trying again later can help.
    """


class Unusable(Unavailable):
    """It is there, and not what this program can use: no waiting helps, only people do."""
