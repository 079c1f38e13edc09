"""How a message leaves: one small function per channel, registered by name."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import make_msgid
from typing import TYPE_CHECKING

import structlog
from django.core.mail import EmailMessage

if TYPE_CHECKING:
    from itsm.outbox.models import Message

log = structlog.get_logger(__name__)

#: Sends the message and returns the provider's id for it. Raises on failure.
Channel = Callable[["Message"], str]

channels: dict[str, Channel] = {}


def channel(name: str) -> Callable[[Channel], Channel]:
    def register(send: Channel) -> Channel:
        channels[name] = send
        return send

    return register


@channel("email")
def send_email(message: Message) -> str:
    """Django e-mail; the key is in the Message-ID, so a repeat is recognisable."""
    message_id = make_msgid(idstring=message.key.replace("@", "."), domain="itsm.invalid")
    EmailMessage(
        subject=" ".join(message.subject.split()),
        body=message.body,
        to=[message.recipient],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
    ).send()
    return message_id


@channel("console")
def send_console(message: Message) -> str:
    """The trial run's channel: the message appears in the log."""
    log.info(
        "message", recipient=message.recipient, subject=message.subject, body=message.body[:500]
    )
    return "console"
