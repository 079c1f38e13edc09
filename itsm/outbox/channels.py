"""How a message leaves: one small function per channel, registered by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from django.conf import settings
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
    """Django e-mail. A repeat has the same Message-ID, so that a mail server can drop it."""
    digest = hashlib.sha256(message.key.encode()).hexdigest()[:32]
    message_id = f"<{digest}@{urlsplit(settings.BASE_URL).hostname}>"
    EmailMessage(
        subject=" ".join(message.subject.split()),
        body=message.body,
        to=[message.recipient],
        headers={
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",
            "X-Idempotency-Key": " ".join(message.key.split()),
        },
    ).send()
    return message_id


@channel("console")
def send_console(message: Message) -> str:
    """The trial run's channel: the message appears in the log."""
    log.info(
        "message", recipient=message.recipient, subject=message.subject, body=message.body[:500]
    )
    return "console"
