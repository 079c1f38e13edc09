"""The page of one ticket: what it says, where its clocks stand, what was said and done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.forms import Form, Textarea
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from itsm.core.text import render_markdown
from itsm.people.models import User
from itsm.people.requests import SignedInRequest
from itsm.tickets import rules, sla
from itsm.tickets.actions.offers import MOVES, Offer, offers
from itsm.tickets.driving import driver_of
from itsm.tickets.models import Attachment, Comment, Ticket, TicketLink
from itsm.tickets.views.acting import FORMS
from itsm.tickets.views.finding import find

#: Comments shown at first; the rest opens by a link.
COMMENTS = 50


@login_required
@require_safe
@vary_on_headers("HX-Request")
def detail(request: SignedInRequest, reference: str) -> HttpResponse:
    ticket = find(request.user, reference)
    if request.headers.get("HX-Target") == "live":
        return _live(request, ticket)
    return page(request, ticket)


def page(
    request: SignedInRequest,
    ticket: Ticket,
    *,
    bound: Mapping[str, Form] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole page. `bound`: forms that were refused, with what was typed in them."""
    context = live_context(request, ticket)
    live = render_to_string("tickets/_live.html", context, request)
    context |= {"live": live, "digest": _digest(live), "problem": problem}
    context["typed"] = [text for form in (bound or {}).values() for text in _typed(form)]
    context |= _actions(ticket, request.user, bound or {})
    return render(request, "tickets/detail.html", context, status=status)


def _typed(form: Form) -> list[str]:
    """Longer words that somebody typed into a form that may be gone now."""
    return [
        str(form.data.get(name, ""))
        for name, field in form.fields.items()
        if isinstance(field.widget, Textarea) and form.data.get(name)
    ]


def _live(request: SignedInRequest, ticket: Ticket) -> HttpResponse:
    """The part that renews itself; 204 when the reader has it already, so that nothing jumps."""
    context = live_context(request, ticket)
    live = render_to_string("tickets/_live.html", context, request)
    if request.headers.get("X-Have") == _digest(live):
        return HttpResponse(status=204)
    seen = request.GET.get("seen", "")
    context |= {"live": live, "digest": _digest(live), "moved": seen != str(ticket.version)}
    return render(request, "tickets/_refresh.html", context | {"seen": seen})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def live_context(request: SignedInRequest, ticket: Ticket) -> dict[str, Any]:
    by, internal = request.user, not rules.may_see_internal(request.user, ticket)
    pause = None
    if ticket.pauses_clock:
        pause = ticket.pauses.filter(ended_at=None).first()
    comments, earlier = _comments(ticket, internal=internal, every="all" in request.GET)
    return {
        "ticket": ticket,
        "driver": driver_of(ticket),
        "description": render_markdown(ticket.description),
        "response": sla.response(ticket),
        "resolution": sla.resolution(ticket, paused_since=pause.started_at if pause else None),
        "pause": pause,
        "labels": list(
            ticket.ticket_labels.filter(removed_at=None).select_related("label__prefix")
        ),
        "comments": comments,
        "earlier": earlier,
        "evidence": _evidence(ticket, internal=internal),
        "changes": list(ticket.state_changes.select_related("by")),
        "links": _links(ticket, by),
        "accounts": [row.account for row in ticket.ticket_accounts.select_related("account")],
        "resources": [
            row.resource for row in ticket.ticket_resources.select_related("resource__account")
        ],
        "may_note_internally": not rules.may_note_internally(by, ticket),
    }


def _comments(ticket: Ticket, *, internal: bool, every: bool) -> tuple[list[dict[str, Any]], bool]:
    """Comments in order, as the component wants them, and whether earlier ones are left out."""
    found = Comment.objects.filter(ticket=ticket).select_related("author")
    if not internal:
        found = found.filter(internal=False)
    newest = found.order_by("-created_at", "-pk")
    rows = list(newest if every else newest[: COMMENTS + 1])
    shown = rows if every else rows[:COMMENTS]
    parts = [
        {
            "pk": row.pk,
            "author": row.author,
            "at": row.created_at,
            "html": render_markdown(row.body),
            "internal": row.internal,
        }
        for row in reversed(shown)
    ]
    return parts, len(rows) > len(shown)


def _evidence(ticket: Ticket, *, internal: bool) -> list[dict[str, Any]]:
    found = Attachment.objects.filter(ticket=ticket).select_related("uploaded_by")
    return [
        {
            "name": row.name,
            "url": reverse("tickets:evidence", args=[ticket.reference, row.pk]),
            "size": row.size,
            "by": row.uploaded_by,
            "at": row.uploaded_at,
            "digest": row.sha256,
            "internal": row.internal,
        }
        for row in (found if internal else found.filter(internal=False))
    ]


@dataclass(frozen=True, slots=True)
class Link:
    """A link as this ticket's page tells it."""

    pk: int
    words: str
    other: Ticket


_BACKWARDS = {
    TicketLink.Kind.RELATES: "Relates to",
    TicketLink.Kind.DUPLICATES: "Is duplicated by",
    TicketLink.Kind.CAUSED_BY: "Causes",
    TicketLink.Kind.BLOCKS: "Is blocked by",
}


def _links(ticket: Ticket, by: User) -> list[Link]:
    """Links in both directions, without tickets that the reader may not see."""
    rows = TicketLink.objects.filter(Q(from_ticket=ticket) | Q(to_ticket=ticket))
    found = []
    for row in rows.select_related("from_ticket", "to_ticket"):
        forwards = row.from_ticket_id == ticket.pk
        other = row.to_ticket if forwards else row.from_ticket
        words = row.get_kind_display() if forwards else _BACKWARDS[TicketLink.Kind(row.kind)]
        if not rules.may_read(by, other):
            found.append(Link(row.pk, words, other))
    return found


def _actions(ticket: Ticket, by: User, bound: Mapping[str, Form]) -> dict[str, Any]:
    """Offers with their forms: the moves that can be made now, and what cannot, with the reason."""
    entries = {offer.name: _entry(offer, ticket, bound) for offer in offers(ticket, by)}
    moves = [entries[name] for name in MOVES]
    shown = [entry for entry in moves if entry["offer"].enabled or entry["offer"].primary]
    return {
        "offers": entries,
        "moves": sorted(shown, key=lambda entry: not entry["offer"].primary),
        "not_now": [entry["offer"] for entry in moves if entry not in shown],
    }


def _entry(offer: Offer, ticket: Ticket, bound: Mapping[str, Form]) -> dict[str, Any]:
    form = bound.get(offer.name)
    if form is None and offer.enabled and (make := FORMS.get(offer.name)):
        form = make.form(auto_id=f"id_{offer.name}_%s", initial=make.initial(ticket))
    return {"offer": offer, "form": form if form and form.fields else None}
