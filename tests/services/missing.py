"""A missing program fails the run with the command that installs it: nothing is skipped."""

import os
import shutil
from pathlib import Path

INSTALL = "Run `scripts/system-packages test`."


class MissingProgram(RuntimeError):
    """Named so that the person sees at once what to install."""


def program(*names: str, override: str | None = None) -> str:
    """Path of the first of `names` in PATH; the environment variable `override` goes first."""
    if override and (chosen := os.environ.get(override)):
        return chosen
    for name in names:
        if found := shutil.which(name):
            return found
    raise MissingProgram(f"{' or '.join(names)} is not installed. {INSTALL}")


def postgres_programs() -> Path:
    """Folder of initdb and postgres: the one in PATH, else the newest that Debian has."""
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if found := sorted(versions, key=lambda path: float(path.parts[-3])):
        return found[-1].parent
    raise MissingProgram(f"PostgreSQL's initdb is not installed. {INSTALL}")
