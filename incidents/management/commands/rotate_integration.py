"""`manage.py rotate_integration "Cluster one"`: a new secret address, the old one for a while."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.intake import actions, keys
from incidents.models import Integration
from itsm.core import context
from itsm.core.errors import DomainError
from itsm.people.system import system_user


class Command(BaseCommand):
    help = "Give an integration a new key and print its new secret address, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--grace-hours",
            type=float,
            default=actions.GRACE.total_seconds() / 3600,
            help="how long the previous key stays valid (default: %(default)s; 0: not at all)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        integration = Integration.objects.filter(name=options["name"]).first()
        if integration is None:
            raise CommandError(f"There is no integration “{options['name']}”.")
        grace = dt.timedelta(hours=max(options["grace_hours"], 0))
        with context.use(origin=context.COMMAND):
            try:
                integration, key = actions.rotate(integration, by=system_user(), grace=grace)
            except DomainError as error:
                raise CommandError(f"{error.message} {error.hint}".strip()) from error
        self.stderr.write("This address is a secret and is shown only now:")
        self.stdout.write(keys.address(integration, key))
