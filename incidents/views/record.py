"""The page of an incident, its live part, and its history."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from incidents import rules, severity
from incidents.actions.offers import Offer, next_step, offers
from incidents.forms import FORMS, NoteForm
from incidents.models import Incident, TimelineEntry
from incidents.views.common import incident_of, named
from itsm.core.admin.history import entries as history_entries
from itsm.core.errors import NotAllowed
from itsm.core.rules import first_reason
from itsm.people.models import User
from itsm.people.requests import SignedInRequest
from itsm.tickets import sla
from itsm.tickets.models import Ticket, TicketLink
from itsm.tickets.rules import may_read as may_read_ticket

#: The page shows this many of the latest entries and alerts; `?all=1` shows every entry.
ENTRIES, ALERTS = 200, 25
PER_PAGE = 50


@login_required
@require_safe
@vary_on_headers("HX-Request")
def detail(request: SignedInRequest, reference: str) -> HttpResponse:
    incident = incident_of(request, reference)
    if request.headers.get("HX-Target") == "live":
        return _refresh(request, incident)
    return page(request, incident)


def page(
    request: SignedInRequest,
    incident: Incident,
    *,
    bound: Mapping[str, Form] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole page. `bound`: forms that were refused, with what was typed in them."""
    context = live_context(request, incident)
    live = render_to_string("incidents/_live.html", context, request)
    context |= {"live": live, "digest": _digest(live), "problem": problem}
    context |= _actions(incident, request.user, bound or {})
    context |= _related(incident, request.user)
    context["note_form"] = (bound or {}).get("note") or NoteForm(auto_id="id_note_%s")
    context["note_reason"] = rules.may_note(request.user, incident)
    return render(request, "incidents/detail.html", context, status=status)


def _refresh(request: SignedInRequest, incident: Incident) -> HttpResponse:
    """The part that renews itself; 204 when the reader has it already, so that nothing jumps."""
    context = live_context(request, incident)
    live = render_to_string("incidents/_live.html", context, request)
    if request.headers.get("X-Have") == _digest(live):
        return HttpResponse(status=204)
    seen = request.GET.get("seen", "")
    context |= {"live": live, "digest": _digest(live), "seen": seen}
    context["moved"] = seen != str(incident.version)
    return render(request, "incidents/_refresh.html", context)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# What lives: warnings, alerts, timeline


def live_context(request: SignedInRequest, incident: Incident) -> dict[str, Any]:
    internal = not rules.may_see_internal(request.user, incident)
    context: dict[str, Any] = {
        "incident": incident,
        "ticket": incident.ticket,
        "internal": internal,
        "warnings": warnings(incident),
        "response": sla.response(incident.ticket),
        "resolution": _resolution(incident.ticket),
    }
    if internal:
        context |= _timeline(incident, request.user, every="all" in request.GET)
        context |= _alerts(incident)
    return context


def warnings(incident: Incident) -> list[str]:
    """What does not fit, or still has to be done, in sentences."""
    found = []
    if incident.state not in {Incident.State.CANCELLED, Incident.State.MERGED}:
        found.append(severity.mismatch(incident.level, incident.ticket.priority))
    if incident.state == Incident.State.RESOLVED and incident.review_is_due:
        found.append(
            "A post-incident review is required. Until it is final or waived, the ticket stays in "
            "progress and the incident cannot be closed."
        )
    return [sentence for sentence in found if sentence]


def _resolution(ticket: Ticket) -> sla.Reading | None:
    pause = ticket.pauses.filter(ended_at=None).first() if ticket.pauses_clock else None
    return sla.resolution(ticket, paused_since=pause.started_at if pause else None)


def _timeline(incident: Incident, by: User, *, every: bool) -> dict[str, Any]:
    """The latest entries in order; those that the reader may correct know the address for it."""
    found = TimelineEntry.objects.filter(incident=incident).order_by("-at", "-pk")
    found = found.select_related("by", "corrects", "corrected_by")
    rows = list(found if every else found[: ENTRIES + 1])
    shown = rows if every else rows[:ENTRIES]
    if not first_reason(by, incident, rules.is_person, rules.may_note):
        for entry in shown:
            if not hasattr(entry, "corrected_by"):
                address = reverse("incidents:correct", args=[incident.reference, entry.pk])
                entry.correct_url = address  # type: ignore[attr-defined]
    return {"entries": shown[::-1], "earlier_entries": len(rows) > len(shown)}


def _alerts(incident: Incident) -> dict[str, Any]:
    """The latest alerts, those that still fire first."""
    newest = incident.alerts.select_related("integration").order_by("-pk")
    rows = list(newest[: ALERTS + 1])
    firing = [alert for alert in rows if alert.is_open]
    for alert in rows:
        web = alert.source_url.startswith(("http://", "https://"))
        alert.web_url = alert.source_url if web else ""  # type: ignore[attr-defined]
    return {
        "alerts": sorted(rows[:ALERTS], key=lambda alert: not alert.is_open),
        "more_alerts": len(rows) > ALERTS,
        "all_clear": bool(rows) and not firing and incident.is_open,
    }


# What does not: actions and relations


def _actions(incident: Incident, by: User, bound: Mapping[str, Form]) -> dict[str, Any]:
    """Offers with their forms: the next step, what else can be done, and what cannot and why.

    `typed` is what somebody wrote for a decision that is no longer possible: their words are not
    lost with the form.
    """
    found = offers(incident, by)
    main = next_step(found, incident)
    rest = [offer for offer in found if offer is not main]
    return {
        "main": _entry(main, incident, bound) if main else None,
        "moves": [_entry(offer, incident, bound) for offer in rest if offer.possible],
        "not_now": [offer for offer in rest if not offer.possible],
        "typed": [
            (field.label, field.value())
            for offer in found
            if offer.reason and (form := bound.get(offer.verb.name))
            for field in form
            if field.value()
        ],
    }


def _entry(offer: Offer, incident: Incident, bound: Mapping[str, Form]) -> dict[str, Any]:
    name = offer.verb.name
    form = bound.get(name)
    if form is None and not offer.reason:
        initial = {"level": incident.level, "category": incident.category}
        form = FORMS[name](auto_id=f"id_{name}_%s", initial=initial)
    return {"offer": offer, "form": form if form and form.fields else None}


def _related(incident: Incident, by: User) -> dict[str, Any]:
    """Merged incidents, linked tickets, and what else is open on the same service."""
    seen = Incident.objects.visible_to(by).select_related("ticket")
    service = incident.ticket.service_id
    beside = seen.open().filter(ticket__service=service).exclude(pk=incident.pk)
    return {
        "merged": [named(other) for other in seen.filter(merged_into=incident).order_by("pk")],
        "beside": [named(other) for other in beside[:5]] if service else [],
        "links": _links(incident, by),
    }


def _links(incident: Incident, by: User) -> list[dict[str, Any]]:
    """Linked tickets that the reader may see, by their incident where they have one."""
    mine = incident.ticket_id
    rows = TicketLink.objects.filter(Q(from_ticket=mine) | Q(to_ticket=mine))
    found = []
    for row in rows.select_related("from_ticket__incident", "to_ticket__incident"):
        other = row.to_ticket if row.from_ticket_id == mine else row.from_ticket
        if not may_read_ticket(by, other):
            record = getattr(other, "incident", None) or other
            found.append({"words": row.get_kind_display(), "record": record, "ticket": other})
    return found


# History


@login_required
@require_safe
def history(request: SignedInRequest, reference: str) -> HttpResponse:
    """Every saved change with who, when, why, from where and the difference, the latest first."""
    incident = incident_of(request, reference)
    if reason := rules.may_see_internal(request.user, incident):
        raise NotAllowed(reason)
    before = request.GET.get("before", "")
    rows = incident.history.order_by("-history_id")
    if before.isdigit() and len(before) < 19:
        rows = rows.filter(history_id__lt=int(before))
    own = list(rows[: PER_PAGE + 1])
    shown, older = own[:PER_PAGE], (own[PER_PAGE] if len(own) > PER_PAGE else None)
    context = {
        "incident": incident,
        "lines": history_entries(shown, older),
        "older": shown[-1].history_id if older is not None else None,
    }
    return render(request, "incidents/history.html", context)
