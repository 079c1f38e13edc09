"""`make bench`: start PostgreSQL, measure, print every figure beside its goal.

`python -m benchmarks intake pages` measures only these. Exit status 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.services.postgres import DURABLE, temporary_cluster

PARTS = ("intake", "pages", "importing", "footprint")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--rows", type=int, default=1_000_000, help="size of the large database")
    asked = parser.parse_args(argv)
    missed = 0
    for part in asked.parts or PARTS:
        missed += _measure(part, asked.rows)
    return 1 if missed else 0


def _measure(part: str, rows: int) -> int:
    """One part in a process and a database of its own, so that none warms another.

    The database is as safe on disk as in production: an answer there means a commit.
    """
    with temporary_cluster(DURABLE) as cluster, tempfile.TemporaryDirectory() as folder:
        url = cluster.create_database("bench")
        pid = os.fork()
        if pid == 0:
            os.environ |= {"DATABASE_URL": url, "DATA_DIR": folder, "LOG_LEVEL": "ERROR"}
            os._exit(_child(part, rows, Path(folder)))
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status)


def _child(part: str, rows: int, folder: Path) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    print(f"\n{part}")
    found = importlib.import_module(f"benchmarks.{part}").run(rows=rows, folder=folder)
    for row in found:
        print(" ", row)
    sys.stdout.flush()
    return 1 if any(row.reached is False for row in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
