"""Forms of the ticket pages. They check shape; what is allowed, the commands decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q

from itsm.catalog.models import Customer, Environment, Label, Service
from itsm.core import references
from itsm.core.errors import DomainError, Invalid
from itsm.core.text import validate_storable
from itsm.people.models import Team, User
from itsm.portal import choices
from itsm.tickets import sla
from itsm.tickets.actions.comments import MAX_LENGTH
from itsm.tickets.actions.record import EDITABLE
from itsm.tickets.models import Impact, Priority, Ticket, TicketLink, Urgency

DESCRIPTION_LENGTH = 50_000


def _text(rows: int, **options: Any) -> forms.CharField:
    """A field of several lines, for text that a database here can store."""
    options.setdefault("max_length", MAX_LENGTH)
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(widget=widget, validators=[validate_storable], **options)


class CommandForm(forms.Form):
    """A form that feeds a command and shows what the command refused."""

    def refuse(self, error: DomainError) -> None:
        """Put a refusal where the person looks: on its fields, else on top."""
        fields = error.fields if isinstance(error, Invalid) else {}
        for name, sentences in fields.items():
            self.add_error(name if name in self.fields else None, sentences)
        if not fields:
            self.add_error(None, " ".join(filter(None, [error.message, error.hint])))


class EmptyForm(CommandForm):
    """A move that needs no words."""


class WaitForm(CommandForm):
    on = forms.ChoiceField(label="Waiting", choices=Ticket.WaitingOn, widget=forms.RadioSelect)
    reason = _text(3, label="What for", help_text="The customer reads this when it waits on them.")


class ResolveForm(CommandForm):
    resolution = _text(4, label="What was done", help_text="The requester reads this.")


class CancelForm(CommandForm):
    reason = _text(3, label="Why it is not to be done")


class ReopenForm(CommandForm):
    reason = _text(3, label="What is still wrong")


class CommentForm(CommandForm):
    body = _text(4, label="Comment", help_text="Markdown.")
    internal = forms.BooleanField(
        label="For colleagues only",
        required=False,
        help_text="Requester and customer do not see it.",
    )


class AttachForm(CommandForm):
    file = forms.FileField(label="File", allow_empty_file=True, max_length=1000)
    internal = forms.BooleanField(label="For colleagues only", required=False)


class LinkForm(CommandForm):
    kind = forms.ChoiceField(label="This ticket", choices=TicketLink.Kind)
    to = forms.CharField(label="Other ticket", max_length=30, help_text="Its reference: OPS-180.")

    def clean_to(self) -> int:
        found = references.parse(self.cleaned_data["to"])
        if found is None or found[0] != "OPS":
            raise forms.ValidationError("Write it as OPS-180.")
        return found[1]


class UnlinkForm(CommandForm):
    link = forms.IntegerField(widget=forms.HiddenInput)


class ScopeForm(CommandForm):
    kind = forms.ChoiceField(
        label="What",
        choices=[("account", "Account"), ("resource", "Resource")],
        widget=forms.RadioSelect,
        initial="account",
    )
    name = forms.CharField(
        label="Id",
        max_length=300,
        help_text="Number of the account; id, ARN or name of the resource.",
    )


def _kept_labels() -> list[tuple[str, str]]:
    return choices.kept(
        "tickets.labels", lambda: [(str(row.pk), str(row)) for row in Label.objects.in_use()]
    )


class LabelForm(CommandForm):
    label = forms.TypedChoiceField(coerce=int, choices=_kept_labels)


class UnlabelForm(CommandForm):
    label = forms.IntegerField(widget=forms.HiddenInput)


def kept_workers() -> list[tuple[str, str]]:
    """Active persons who may work tickets, by name."""
    return choices.kept("tickets.workers", lambda: [(str(u.pk), str(u)) for u in workers()])


def workers() -> list[User]:
    grants = Q(
        groups__permissions__codename="work_ticket",
        groups__permissions__content_type__app_label="tickets",
    )
    own = Q(
        user_permissions__codename="work_ticket",
        user_permissions__content_type__app_label="tickets",
    )
    found = User.objects.reachable().filter(grants | own | Q(is_superuser=True)).distinct()
    return sorted(found, key=lambda user: str(user).casefold())


def kept_teams() -> list[tuple[str, str]]:
    return choices.kept("tickets.teams", lambda: [(str(t.pk), t.name) for t in Team.objects.all()])


class AssignForm(CommandForm):
    """Who works on it. Names are at most half a minute old; the command looks again."""

    team = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        choices=lambda: [("", "No team"), *kept_teams()],
    )
    assignee = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        choices=lambda: [("", "Nobody"), *kept_workers()],
    )
    reason = forms.CharField(label="Note", required=False, max_length=300)


def _offered(values: type[Impact | Urgency], name: str) -> list[tuple[str, str]]:
    """The choices that the matrix in force has cells for."""
    cells = {getattr(rule, name) for rule in sla.policy_in_force().rules.all()}
    return [(str(value), str(label)) for value, label in values.choices if value in cells]


class TicketForm(CommandForm):
    """What a ticket says: raised with it, edited with it."""

    title = forms.CharField(
        max_length=200,
        validators=[validate_storable],
        help_text="What is wrong or wanted, for whom.",
    )
    type = forms.ChoiceField(choices=Ticket.Type, initial=Ticket.Type.INCIDENT)
    description = _text(
        8,
        required=False,
        max_length=DESCRIPTION_LENGTH,
        help_text="What happened, since when, what you tried. Markdown.",
    )
    service = forms.ModelChoiceField(Service.objects.none(), required=False)
    environment = forms.ChoiceField(
        choices=[("", "Not said"), *Environment.choices], required=False
    )
    customer = forms.ModelChoiceField(Customer.objects.all(), required=False)
    impact = forms.ChoiceField(
        choices=lambda: _offered(Impact, "impact"),
        initial=Impact.LOW,
        help_text="How much is hurt.",
    )
    urgency = forms.ChoiceField(
        choices=lambda: _offered(Urgency, "urgency"),
        initial=Urgency.LOW,
        help_text="How soon it gets worse.",
    )
    platform_wide = forms.BooleanField(
        required=False, label="Platform-wide", help_text="High impact and high urgency make it P0."
    )
    priority = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", "As the matrix says"), *Priority.choices],
        help_text="Impact and urgency give it. Another one needs a reason.",
    )
    priority_reason = forms.CharField(
        max_length=300, required=False, label="Why another priority", validators=[validate_storable]
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        services = Service.objects.in_operation()
        if by.customer_id is not None:
            services = services.filter(customer=by.customer_id)
            del self.fields["customer"]
        elif not by.has_perm("tickets.read_ticket"):
            del self.fields["customer"]
        if not by.has_perm("tickets.work_ticket"):
            del self.fields["priority"], self.fields["priority_reason"]
        field = self.fields["service"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (tells the type checker)
        field.queryset = services

    def facts(self) -> dict[str, Any]:
        """What the command takes."""
        return dict(self.cleaned_data)


class EditForm(TicketForm):
    """The same for an existing ticket, bound to the version that was read."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=300, required=False, label="Why this change", help_text="Kept in the history."
    )

    def facts(self) -> dict[str, Any]:
        return {k: v for k, v in super().facts().items() if k not in ("version", "reason")}


def initial_of(ticket: Ticket) -> dict[str, Any]:
    """What the edit form shows first; the priority only when somebody has set it by hand."""
    initial = {name: getattr(ticket, name) for name in (*EDITABLE, "priority_reason", "version")}
    return initial | {"priority": ticket.priority if ticket.priority_reason else ""}
