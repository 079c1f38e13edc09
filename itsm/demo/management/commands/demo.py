"""`manage.py demo [--if-empty]`: fill an empty database with demo data and say who may sign in."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from itsm.core.errors import WrongState
from itsm.demo import loading, sign_ins


class Command(BaseCommand):
    """A second call keeps the data, and what was changed in it since."""

    help = "Load demo data into an empty database and print the sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-empty",
            action="store_true",
            help="do nothing, and say nothing, when there is data already",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_empty"]:
            if loading.is_empty():
                self._load()
            return
        if loading.is_empty():
            self._load()
        known = sign_ins.read()
        if known is None:
            raise CommandError("There is data already, and it is not the demo's: nothing was done.")
        self.stdout.write(known)

    def _load(self) -> None:
        started = time.monotonic()
        try:
            loading.load()
        except WrongState as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Demo data loaded in {time.monotonic() - started:.0f} s.")
