"""Compare every audited row with its history; exit status 1 names what history does not explain."""

from __future__ import annotations

import json
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from itsm.audit import reconcile


class Command(BaseCommand):
    help = (
        "Compare the rows of every audited model with their latest history rows. "
        "Changes nothing. Exit status 0: they agree; 1: differences were found and named."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "models", nargs="*", metavar="app.model", help="only these, e.g. tickets.ticket"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on the output")
        parser.add_argument("--batch", type=int, default=reconcile.BATCH, help="rows at a time")

    def handle(self, *args: Any, **options: Any) -> None:
        models = [_model(label) for label in options["models"]] or reconcile.audited_models()
        found = list(reconcile.differences(models, options["batch"]))
        if options["json"]:
            body = [{"model": d.model, "key": str(d.key), "what": d.what} for d in found]
            self.stdout.write(json.dumps({"models": len(models), "differences": body}))
        else:
            for difference in found:
                self.stdout.write(str(difference))
        if found:
            raise CommandError(f"{len(found)} rows differ from their history.", returncode=1)
        if not options["json"]:
            self.stdout.write(f"{len(models)} models agree with their history.")


def _model(label: str) -> Any:
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise CommandError(f"There is no model {label}.", returncode=2) from error
    if model not in reconcile.audited_models():
        raise CommandError(f"{label} keeps no history.", returncode=2)
    return model
