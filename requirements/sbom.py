"""One CycloneDX SBOM of what `monitor` is installed from: `make sbom`.

    python requirements/sbom.py PYTHON RESULT

cyclonedx-py tells two halves: of requirements/run.txt every pinned version with its hashes, of
the environment of PYTHON the licences and what needs what. They are joined here; a pin without
hash or purl ends it with code 1. What is only for other systems is not in the environment, and
has no licence here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

Bom = dict[str, Any]

FOLDER = Path(__file__).parent
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==([^\s;\\]+)", re.MULTILINE)


def pins(text: str) -> set[tuple[str, str]]:
    """What a requirements file pins: normal names (PEP 503) and versions."""
    return {(normal(name), version) for name, version in PIN.findall(text)}


def normal(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def joined(pinned: Bom, installed: Bom) -> Bom:
    """The first half with licences, descriptions and dependencies of the second."""
    known = {normal(one["name"]): one for one in installed["components"]}
    for one in pinned["components"]:
        # The tool's own description repeats the line with all its hashes.
        del one["description"]
        told = known.get(normal(one["name"]), {})
        one |= {key: told[key] for key in ("licenses", "description") if key in told}
    pinned["dependencies"] = _needs(pinned, installed)
    return pinned


def _needs(pinned: Bom, installed: Bom) -> list[Bom]:
    """What needs what, in the references of the first half."""
    ours = {normal(one["name"]): one["bom-ref"] for one in pinned["components"]}
    found = ((one["bom-ref"], ours.get(normal(one["name"]))) for one in installed["components"])
    refs = {theirs: here for theirs, here in found if here}
    refs["root-component"] = "root-component"
    told = {one["ref"]: one.get("dependsOn", ()) for one in installed["dependencies"]}
    needs = {
        ref: sorted(refs[one] for one in told.get(theirs, ()) if one in refs)
        for theirs, ref in refs.items()
    }
    return [
        {"ref": ref, "dependsOn": needs.get(ref, [])} for ref in ("root-component", *ours.values())
    ]


def lacking(bom: Bom, pinned: set[tuple[str, str]]) -> list[str]:
    """The pins that have no component with this version, a purl and a hash."""
    told = {(normal(one["name"]), one["version"]) for one in bom["components"] if _sound(one)}
    return sorted(f"{name}=={version}" for name, version in pinned - told)


def _sound(one: Bom) -> bool:
    hashes = [each for ref in one.get("externalReferences", ()) for each in ref.get("hashes", ())]
    purl = f"pkg:pypi/{normal(one['name'])}@{one['version']}"
    return bool(hashes) and one.get("purl") == purl


def tell(*asked: str) -> Bom:
    """What cyclonedx-py, installed beside this Python, tells; it checks its schema itself."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    project = str(FOLDER.parent / "pyproject.toml")
    fixed = ("--pyproject", project, "--output-reproducible", "--validate", "-o", "-")
    done = subprocess.run([tool, *asked, *fixed], check=True, stdout=subprocess.PIPE)  # noqa: S603
    told: Bom = json.loads(done.stdout)
    return told


def main(python: str, result: Path) -> int:
    """Write the SBOM; 1 where it is not whole."""
    requirements = FOLDER / "run.txt"
    bom = joined(tell("requirements", str(requirements)), tell("environment", python))
    missing = lacking(bom, pins(requirements.read_text("utf-8")))
    problems = [f"{one} has no purl or hash" for one in missing] + invalid(bom)
    result.write_text(json.dumps(bom, indent=2, sort_keys=True) + "\n", "utf-8")
    sys.stderr.writelines(f"{one}\n" for one in problems)
    return int(bool(problems))


def invalid(bom: Bom) -> list[str]:
    """What CycloneDX's schema has against it; the library comes with the tool."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    version = SchemaVersion.from_version(bom["specVersion"])
    fault = JsonStrictValidator(version).validate_str(json.dumps(bom))
    return [str(fault)] if fault else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
