"""Queueing messages inside a command's transaction, delivering them, sending dead letters again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import structlog
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from itsm.core.commands import command, lock
from itsm.core.errors import WrongState
from itsm.core.rules import ensure
from itsm.core.text import storable
from itsm.outbox import rules
from itsm.outbox.channels import Channel, channels
from itsm.outbox.models import Attempt, Message
from itsm.people.models import User
from itsm.timers.models import Heartbeat

log = structlog.get_logger(__name__)

#: The wait after each failed attempt; after the last one the message is a dead letter.
BACKOFF = [dt.timedelta(seconds=s) for s in (10, 60, 300, 900, 3600, 3 * 3600, 6 * 3600)]

#: How long a worker may take for one delivery before another may try.
LEASE = dt.timedelta(minutes=2)


def compose(
    record: models.Model,
    event: str,
    *,
    subject: str,
    body: str,
    to: User,
    channel: str = "",
) -> Message | None:
    """An unsaved message about `record` to a person, or None when the person has no address.

    `event` (e.g. "ticket.resolved.3") makes the key: the same event is not told twice. Without a
    `channel` it goes by e-mail, or to the log where no mail server is named.
    """
    if not to.email:
        return None
    channel = channel or settings.MESSAGE_CHANNEL
    return Message(
        channel=channel,
        recipient=to.email,
        recipient_user=to,
        subject=subject[:300],
        body=body,
        target=record._meta.label_lower,
        target_id=record.pk,
        key=f"{record._meta.label_lower}-{record.pk}-{event}-{channel}-{to.pk}"[:120],
    )


def queue(messages: Iterable[Message | None]) -> None:
    """Write the messages in one statement; one whose key is known already is dropped."""
    wanted = [message for message in messages if message is not None]
    Message.objects.bulk_create(wanted, ignore_conflicts=True)


def deliver_due(limit: int = 200) -> int:
    """Deliver what is due; returns how many attempts were made."""
    tried = 0
    while tried < limit and (message := _claim()):
        _deliver(message)
        tried += 1
    Heartbeat.beat("outbox.deliver")
    return tried


def _claim() -> Message | None:
    """Take one message under a lease, committed before anything is sent."""
    with transaction.atomic():
        message = Message.objects.deliverable().select_for_update(skip_locked=True).first()
        if message:
            message.state = Message.State.SENDING
            message.lease_until = timezone.now() + LEASE
            message.attempts += 1
            message.save(update_fields=["state", "lease_until", "attempts"])
        return message


def _deliver(message: Message) -> None:
    try:
        provider_id = _channel_of(message)(message)
    except Exception as error:  # noqa: BLE001 (whatever a channel raises is a failed attempt)
        log.warning("message_not_delivered", message=message.pk, error=str(error))
        _record(message, delivered=False, detail=f"{type(error).__name__}: {error}")
    else:
        _record(message, delivered=True, detail=provider_id)


def _channel_of(message: Message) -> Channel:
    if channel := channels.get(message.channel):
        return channel
    raise LookupError(f"There is no channel {message.channel}.")


@transaction.atomic
def _record(message: Message, *, delivered: bool, detail: str) -> None:
    """Write the receipt. A worker whose lease ran out may find that another one has it by now:
    what it delivered counts, what it did not deliver is the other's business."""
    now, row = timezone.now(), lock(message)
    detail = storable(detail)
    Attempt.objects.create(message=row, at=now, delivered=delivered, detail=detail)
    overtaken = row.state != Message.State.SENDING or row.attempts != message.attempts
    if row.state == Message.State.SENT or (overtaken and not delivered):
        return
    row.lease_until = None
    if delivered:
        row.state, row.sent_at, row.provider_id = Message.State.SENT, now, detail[:200]
    elif row.attempts > len(BACKOFF):
        row.state = Message.State.DEAD
    else:
        row.state, row.due_at = Message.State.QUEUED, now + BACKOFF[row.attempts - 1]
    row.save()


@command("message.resend")
def resend(message: Message, *, by: User) -> Message:
    """Queue a dead letter again, from the first attempt."""
    message = lock(message)
    if message.state != Message.State.DEAD:
        raise WrongState("Only a dead letter can be sent again.")
    ensure(rules.may_resend, by, message)
    message.state, message.attempts, message.due_at = Message.State.QUEUED, 0, timezone.now()
    message.save()
    return message
