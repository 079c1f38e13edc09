"""Attaching evidence to a ticket. Allowed in every state: it adds and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from itsm.audit.models import AuditEvent
from itsm.audit.trail import record
from itsm.core.commands import command, lock, save
from itsm.core.rules import ensure
from itsm.tickets import rules, storage
from itsm.tickets.models import Attachment, Ticket

if TYPE_CHECKING:
    from itsm.people.models import User


@command("ticket.attach")
def attach(
    ticket: Ticket,
    *,
    by: User,
    name: str,
    content: Iterable[bytes],
    content_type: str = "",
    internal: bool = False,
) -> Attachment:
    """Keep a file as evidence. The same file under the same name is one, and is returned.

    `content` comes in chunks. Raises Invalid (422) for an empty file or an odd name and TooLarge
    (413) beyond the limit.
    """
    ticket = lock(ticket)
    ensure(rules.may_note_internally if internal else rules.may_note, by, ticket)
    name = storage.checked_name(name)
    sha256, size = storage.keep(content)
    there = Attachment.objects.filter(ticket=ticket, sha256=sha256, name=name).first()
    if there is not None:
        return there
    attachment = Attachment(
        ticket=ticket,
        sha256=sha256,
        name=name,
        size=size,
        content_type=storage.checked_type(content_type),
        internal=internal,
        uploaded_by=by,
    )
    return save(attachment, created=True)


@command("ticket.download")
def download(attachment: Attachment, *, by: User) -> IO[bytes]:
    """The content, verified against its SHA-256; the download is an entry of the trail."""
    ensure(rules.may_download, by, attachment)
    stream = storage.opened(attachment)
    record(
        AuditEvent.Kind.DOWNLOADED,
        f"{attachment.name} of {attachment.ticket}",
        target=attachment,
        actor=by,
        sha256=attachment.sha256,
        ticket=attachment.ticket.reference,
    )
    return stream
