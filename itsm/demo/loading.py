"""Loading the demo data: all of it in one transaction, into an empty database only."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from itsm.core import context
from itsm.core.errors import WrongState
from itsm.demo import live, past, sign_ins, story
from itsm.demo.catalog import load_catalog, load_customers
from itsm.demo.people import load_people, load_teams
from itsm.outbox.actions import deliver_due
from itsm.people.models import User
from itsm.people.system import system_user
from itsm.tickets.models import Ticket


def is_empty() -> bool:
    """Nobody can sign in yet and nothing was raised."""
    return not (User.objects.get_queryset().persons().exists() or Ticket.objects.exists())


def load() -> None:
    """Load everything and write the sign-ins down, or do neither.

    Raises WrongState when the database holds people or tickets: demo data is not mixed with them.
    """
    with context.use(user=system_user(), origin=context.COMMAND), transaction.atomic():
        if not is_empty():
            raise WrongState("The database is not empty: demo data goes into an empty one only.")
        story.next_key(1)
        customers = load_customers(timezone.now().year)
        users, passwords = load_people(customers)
        catalog = load_catalog(customers, load_teams(users))
        past.load_past(by=users["ngaio"])
        story.tell(users, catalog)
        address = live.perform(users, catalog)
        sign_ins.write(passwords, address)
    if settings.MESSAGE_CHANNEL == "console":
        _say_quietly()


def _say_quietly() -> None:
    """What the invented past had to say is said already: it would only scroll the sign-ins away."""
    channel = logging.getLogger("itsm.outbox.channels")
    level = channel.level
    channel.setLevel(logging.WARNING)
    try:
        deliver_due(limit=1000)
    finally:
        channel.setLevel(level)
