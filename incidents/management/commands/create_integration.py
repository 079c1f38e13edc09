"""`manage.py create_integration alertmanager "Cluster one"`: a secret address to post alerts to."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.intake import actions, keys
from incidents.models import Integration
from itsm.catalog.models import Environment, Service
from itsm.core import context
from itsm.core.errors import DomainError
from itsm.people.system import system_user


class Command(BaseCommand):
    help = "Create an integration and print the secret address of its alerts, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=Integration.Kind.values)
        parser.add_argument("name")
        parser.add_argument("--service", metavar="SLUG", help="for alerts that name no service")
        parser.add_argument("--environment", choices=Environment.values, default="")
        parser.add_argument("--rate", type=int, metavar="N", help="requests a minute; 0: no limit")

    def handle(self, *args: Any, **options: Any) -> None:
        with context.use(origin=context.COMMAND):
            try:
                integration, key = actions.create(
                    by=system_user(),
                    kind=options["kind"],
                    name=options["name"],
                    service=_service(options["service"]),
                    environment=options["environment"],
                    rate_per_minute=options["rate"],
                )
            except DomainError as error:
                raise CommandError(f"{error.message} {error.hint}".strip()) from error
        self.stderr.write("This address is a secret and is shown only now:")
        self.stdout.write(keys.address(integration, key))


def _service(slug: str | None) -> Service | None:
    if not slug:
        return None
    found = Service.objects.in_operation().filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no service “{slug}” in operation.")
    return found
