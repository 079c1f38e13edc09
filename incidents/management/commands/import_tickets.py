"""`manage.py import_tickets FILE --mapping servicenow [--execute]`: previews unless told to."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Self

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError
from tqdm import tqdm

from incidents.imports import mapping
from incidents.imports.events import zone_named
from incidents.imports.problems import Unusable
from incidents.imports.running import Wish, run
from itsm.core import context
from itsm.people.models import User
from itsm.people.system import system_user

UNUSABLE = 2


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ArgumentTypeError(f"“{text}” is not a number above 0")
    return int(text)


class Command(BaseCommand):
    """Exit status: 0 done, 1 done but rows with errors were left out, 2 nothing could be done."""

    help = (
        "Import tickets and incidents with their event history from another system's CSV export "
        "(plain, .gz or .xz). Tells what it would do; --execute does it. Safe to repeat: cases "
        "that are there already stay as they are, later events are appended."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        known = ", ".join(mapping.names())
        parser.add_argument("--mapping", required=True, help=f"the system it is from: {known}")
        parser.add_argument("--execute", action="store_true", help="write; without it: preview")
        parser.add_argument("--json", action="store_true", help="the report as JSON")
        parser.add_argument(
            "--encoding", default="utf-8", help="of the file (default: %(default)s)"
        )
        parser.add_argument(
            "--zone", default="UTC", help="time zone of its times, e.g. Europe/Paris (default: UTC)"
        )
        parser.add_argument("--limit", type=_positive, metavar="N", help="the first N cases only")
        parser.add_argument(
            "--batch", type=_positive, default=500, metavar="N", help="cases a transaction"
        )
        parser.add_argument("--by", metavar="USER", help="who imports (default: the portal itself)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wish = Wish(
                path=options["file"],
                mapping=mapping.named(options["mapping"]),
                by=_actor(options["by"]),
                execute=options["execute"],
                encoding=options["encoding"],
                zone=zone_named(options["zone"]),
                limit=options["limit"],
                batch=options["batch"],
            )
            with context.use(origin=context.COMMAND), _Bar(hidden=options["json"]) as bar:
                report = run(wish, bar)
        except Unusable as error:
            raise CommandError(str(error), returncode=UNUSABLE) from error
        except IntegrityError as error:
            sentence = "Another import wrote the same cases at the same time. Start it again."
            raise CommandError(sentence, returncode=UNUSABLE) from error
        except KeyboardInterrupt:
            sentence = "Stopped. Whole batches are kept: start it again to go on."
            raise CommandError(sentence, returncode=130) from None
        told = json.dumps(report.as_data(), indent=2) if options["json"] else report.as_text()
        self.stdout.write(told)
        if report.exit_status:
            sys.exit(report.exit_status)


def _actor(username: str | None) -> User:
    if username is None:
        return system_user()
    found = User.objects.reachable().filter(username=username).first()
    if found is None:
        raise Unusable(f"There is no active person with the user name “{username}”.")
    return found


class _Bar:
    """A progress bar on a terminal; silent anywhere else."""

    def __init__(self, *, hidden: bool) -> None:
        self._bar = tqdm(
            unit=" cases", leave=False, disable=True if hidden else None, file=sys.stderr
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, done: int, of: int) -> None:
        self._bar.total = of
        self._bar.update(done - self._bar.n)
