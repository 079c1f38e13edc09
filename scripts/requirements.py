"""Do the compiled requirements files belong to pyproject.toml, and are they fit to be published?"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.processes import ROOT

FILES = {"run": "requirements/run.txt", "dev": "requirements/dev.txt", "uv": "requirements/uv.txt"}
#: Both own the module of django-fsm-2, and their newer line is under the AGPL.
FORBIDDEN = {"django-fsm", "viewflow"}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;]+)", re.MULTILINE)
#: A host, an option that names one, or a path from the root of somebody's machine.
ADDRESS = re.compile(
    r"https?:|file:|--(?:extra-)?index-url|--find-links|--trusted-host|(?<![\w./])/\w"
)


def faults(root: Path = ROOT) -> list[str]:
    """One sentence for each fault; empty when all is well."""
    wanted = direct(tomllib.loads((root / "pyproject.toml").read_text()))
    found: list[str] = []
    for set_name, path in FILES.items():
        text = (root / path).read_text()
        found += [f"{path}: {sentence}" for sentence in faults_of(text, wanted[set_name])]
    run, dev = (pins((root / FILES[name]).read_text()) for name in ("run", "dev"))
    found += [
        f"{name} is pinned differently in run.txt and dev.txt"
        for name in run
        if run[name] != dev.get(name)
    ]
    return found


def faults_of(text: str, wanted: list[Requirement]) -> Iterator[str]:
    pinned = pins(text)
    for requirement in wanted:
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{requirement.name} of pyproject.toml is missing: make lock"
        elif version not in requirement.specifier:
            yield f"{requirement.name} {version} is not {requirement.specifier}: make lock"
    for name in FORBIDDEN & pinned.keys():
        yield f"{name} must never be installed"
    for line in text.splitlines():
        if ADDRESS.search(line):
            yield f"names an address or a path: {line.strip()}"
    if len(pinned) > text.count("==") or text.count("--hash=sha256:") < len(pinned):
        yield "a package has no hash"


def pins(text: str) -> dict[str, str]:
    return {canonicalize_name(match["name"]): match["version"] for match in PIN.finditer(text)}


def direct(project: dict[str, Any]) -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for, by requirements file."""
    groups = project["dependency-groups"]

    def of_group(name: str) -> list[Requirement]:
        found: list[Requirement] = []
        for entry in groups[name]:
            found += (
                [Requirement(entry)] if isinstance(entry, str) else of_group(entry["include-group"])
            )
        return found

    run = [Requirement(entry) for entry in project["project"]["dependencies"]]
    return {"run": run, "dev": run + of_group("dev"), "uv": of_group("uv")}
