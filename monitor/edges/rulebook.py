"""Reading a rulebook's folder."""

from __future__ import annotations

from pathlib import Path

from monitor.core.errors import BadInput, Fault
from monitor.core.rulebook import COMPARING, Rulebook, compile_rulebook
from monitor.core.samples import check_samples
from monitor.edges.files import read_text

SHIPPED = Path(__file__).parents[1] / "rulebook"
_SUFFIXES = {".csv", ".toml", ".txt"}


def load_rulebook(folder: Path | None) -> Rulebook:
    """The rulebook of a folder (None: the shipped one); raises BadInput with every fault."""
    folder = folder or SHIPPED
    try:
        found = [*folder.iterdir(), *(folder / "entities").glob("*")]
        paths = sorted(one for one in found if one.suffix in _SUFFIXES)
    except OSError as error:
        raise BadInput([Fault(str(folder), error.strerror or "cannot be read")]) from None
    except ValueError:
        raise BadInput([Fault(repr(str(folder)), "is no name that a folder can have")]) from None
    files, faults = {}, list[Fault]()
    for path in (*(SHIPPED / name for name in COMPARING), *paths):
        try:
            files[_name(path, folder)] = read_text(path)
        except BadInput as bad:
            faults += bad.faults
    if faults:
        raise BadInput(faults)
    try:
        rulebook = compile_rulebook(files)
        check_samples(rulebook)
    except BadInput as bad:
        named = [Fault(f"{folder}/{one.where}", one.what, one.hint) for one in bad.faults]
        raise BadInput(named) from None
    return rulebook


def _name(path: Path, folder: Path) -> str:
    """What a file is called within its rulebook."""
    return path.relative_to(folder if path.is_relative_to(folder) else SHIPPED).as_posix()
