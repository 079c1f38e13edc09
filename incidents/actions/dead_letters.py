"""Dead letters of the intake: what could not be read is looked at by a person."""

from __future__ import annotations

from django.utils import timezone

from incidents.models import DeadLetter
from itsm.core.commands import command, lock
from itsm.core.errors import Invalid, NotAllowed, WrongState
from itsm.people.models import User


def may_handle(by: User, letter: DeadLetter) -> str:
    if by.is_machine:
        return "A machine drafts and records; a person decides."
    allowed = by.has_perm("incidents.change_deadletter")
    return "" if allowed else "Only an ops manager handles dead letters."


@command("dead_letter.handle")
def handle(letter: DeadLetter, *, by: User, note: str) -> DeadLetter:
    """Say what was done about it. The body stays as it came."""
    letter = lock(letter)
    if letter.handled_at:
        raise WrongState(f"{letter.handled_by} has handled it already.")
    if reason := may_handle(by, letter):
        raise NotAllowed(reason)
    if not (note := note.strip()):
        raise Invalid("Say what was done.", fields={"note": ["Say what was done."]})
    letter.handled_at, letter.handled_by, letter.note = timezone.now(), by, note
    letter.save(update_fields=["handled_at", "handled_by", "note"])
    return letter
