"""Decisions on a ticket: one POST address per command, one small form each.

A form that cannot be used and a refused command show the ticket's page again, with what was typed
kept in its form; a person who may not is answered by the error page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from itsm.catalog.models import Account, Label, Resource
from itsm.core.errors import Conflict, Invalid, WrongState
from itsm.people.models import Team, User
from itsm.people.requests import SignedInRequest
from itsm.tickets import forms
from itsm.tickets.actions import comments, evidence, labels, links, scope
from itsm.tickets.actions import ticket as actions
from itsm.tickets.models import Ticket, TicketLink
from itsm.tickets.views.finding import find

Facts = dict[str, Any]


def _nothing(ticket: Ticket) -> Facts:
    return {}


@dataclass(frozen=True, slots=True)
class Act:
    """How a page feeds a command: its form, the call, and what is said afterwards."""

    form: type[forms.CommandForm]
    call: Callable[[Ticket, User, Facts], object]
    done: str
    initial: Callable[[Ticket], Facts] = _nothing


def _plain(command: Callable[..., object]) -> Callable[[Ticket, User, Facts], object]:
    """A command whose arguments are the fields of its form."""
    return lambda ticket, by, facts: command(ticket, by=by, **facts)


def _chosen(model: type[Any], key: int | None, field: str) -> Any:
    """The row of a choice that may have gone since the form was shown."""
    row = model._default_manager.filter(pk=key).first() if key is not None else None
    if key is not None and row is None:
        raise Invalid("This choice is gone.", fields={field: ["This choice is gone."]})
    return row


def _assign(ticket: Ticket, by: User, facts: Facts) -> object:
    team = _chosen(Team, facts["team"], "team")
    assignee = _chosen(User, facts["assignee"], "assignee")
    return actions.assign(ticket, by=by, team=team, assignee=assignee, reason=facts["reason"])


def _label(ticket: Ticket, by: User, facts: Facts) -> object:
    return labels.add(ticket, by=by, label=_chosen(Label, facts["label"], "label"))


def _unlabel(ticket: Ticket, by: User, facts: Facts) -> object:
    return labels.remove(ticket, by=by, label=_chosen(Label, facts["label"], "label"))


def _attach(ticket: Ticket, by: User, facts: Facts) -> object:
    upload = facts["file"]
    return evidence.attach(
        ticket,
        by=by,
        name=upload.name,
        content=upload.chunks(),
        content_type=upload.content_type or "",
        internal=facts["internal"],
    )


def _link(ticket: Ticket, by: User, facts: Facts) -> object:
    other = Ticket.objects.visible_to(by).filter(pk=facts["to"]).first()
    if other is None:
        raise Invalid("There is no such ticket.", fields={"to": ["There is no such ticket."]})
    return links.add(ticket, by=by, to=other, kind=facts["kind"])


def _unlink(ticket: Ticket, by: User, facts: Facts) -> object:
    row = TicketLink.objects.filter(pk=facts["link"]).first()
    if row is None or ticket.pk not in (row.from_ticket_id, row.to_ticket_id):
        raise WrongState("This link is gone already.")
    return links.remove(row, by=by)


def _thing(facts: Facts) -> Account | Resource:
    """The account of a number, or the resource of an identifier or a name."""
    name = facts["name"].strip()
    found: Account | Resource | None
    if facts["kind"] == "account":
        found = Account.objects.filter(number=name).first()
    else:
        resources = Resource.objects.select_related("account")
        found = resources.filter(identifier=name).first() or resources.filter(name=name).first()
    if found is None:
        sentence = "The catalog has no such entry."
        raise Invalid(sentence, fields={"name": [sentence]})
    return found


def _include(ticket: Ticket, by: User, facts: Facts) -> object:
    return scope.include(ticket, by=by, thing=_thing(facts))


def _exclude(ticket: Ticket, by: User, facts: Facts) -> object:
    return scope.exclude(ticket, by=by, thing=_thing(facts))


def _workers_of(ticket: Ticket) -> Facts:
    return {"team": ticket.team_id or "", "assignee": ticket.assignee_id or ""}


FORMS: dict[str, Act] = {
    "triage": Act(forms.EmptyForm, _plain(actions.triage), "is triaged"),
    "start": Act(forms.EmptyForm, _plain(actions.start), "is in progress"),
    "wait": Act(forms.WaitForm, _plain(actions.wait), "is waiting"),
    "resume": Act(forms.EmptyForm, _plain(actions.resume), "is in progress"),
    "resolve": Act(forms.ResolveForm, _plain(actions.resolve), "is resolved"),
    "close": Act(forms.EmptyForm, _plain(actions.close), "is closed"),
    "cancel": Act(forms.CancelForm, _plain(actions.cancel), "is cancelled"),
    "reopen": Act(forms.ReopenForm, _plain(actions.reopen), "is in progress again"),
    "assign": Act(forms.AssignForm, _assign, "is assigned", _workers_of),
    "label": Act(forms.LabelForm, _label, "has the label"),
    "unlabel": Act(forms.UnlabelForm, _unlabel, "has lost the label"),
    "comment": Act(forms.CommentForm, _plain(comments.add), "has your comment"),
    "attach": Act(forms.AttachForm, _attach, "has the evidence"),
    "link": Act(forms.LinkForm, _link, "is linked"),
    "unlink": Act(forms.UnlinkForm, _unlink, "has lost the link"),
    "include": Act(forms.ScopeForm, _include, "has a wider scope"),
    "exclude": Act(forms.ScopeForm, _exclude, "has a narrower scope"),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: SignedInRequest, reference: str, name: str) -> HttpResponse:
    """Make the decision `name`; who opens its address without deciding gets the ticket."""
    from itsm.tickets.views.detail import page

    ticket, chosen = find(request.user, reference), FORMS[name]
    if request.method != "POST":
        return redirect(ticket)
    form = chosen.form(request.POST, request.FILES, auto_id=f"id_{name}_%s")
    if not form.is_valid():
        return page(request, ticket, bound={name: form}, status=422)
    try:
        chosen.call(ticket, request.user, form.cleaned_data)
    except (Invalid, WrongState, Conflict) as error:
        form.refuse(error)
        now = find(request.user, reference)
        problem = " ".join(filter(None, [error.message, error.hint]))
        return page(request, now, bound={name: form}, problem=problem, status=error.status)
    messages.success(request, f"{ticket.reference} {chosen.done}.")
    return redirect(ticket)
