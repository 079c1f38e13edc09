"""Who may do what with messages."""

from __future__ import annotations

from itsm.outbox.models import Message
from itsm.people.models import User


def may_resend(by: User, message: Message) -> str:
    if by.is_machine:
        return "A machine drafts and records; a person decides."
    allowed = by.has_perm("outbox.resend_message")
    return "" if allowed else "Only an ops manager sends dead letters again."
