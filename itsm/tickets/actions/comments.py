"""Saying something on a ticket. Allowed in every state: it adds and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itsm.core.commands import command, lock, save
from itsm.core.errors import Invalid
from itsm.core.rules import ensure
from itsm.tickets import messages, rules
from itsm.tickets.models import Comment, Ticket

if TYPE_CHECKING:
    from itsm.people.models import User

#: Longer text is evidence and belongs in a file.
MAX_LENGTH = 20_000


@command("ticket.comment")
def add(ticket: Ticket, *, by: User, body: str, internal: bool = False) -> Comment:
    """Add a comment in Markdown; an internal one stays among colleagues."""
    ticket = lock(ticket)
    ensure(rules.may_note_internally if internal else rules.may_note, by, ticket)
    body = body.strip()
    if not body:
        raise Invalid("Say something.", fields={"body": ["Say something."]})
    if len(body) > MAX_LENGTH:
        sentence = f"A comment has at most {MAX_LENGTH:,} characters: attach longer text as a file."
        raise Invalid(sentence, fields={"body": [sentence]})
    comment = Comment(ticket=ticket, body=body, internal=internal, author=by)
    save(comment, created=True)
    messages.commented(comment, by=by)
    return comment
