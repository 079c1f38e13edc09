"""Forms of the incident pages. They check shape; what is allowed, the commands decide."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents import severity
from incidents.models import Incident
from itsm.catalog.models import Environment, Service
from itsm.core import references
from itsm.core.text import validate_storable
from itsm.tickets.forms import CommandForm, EmptyForm

TEXT_LENGTH = 20_000


def _text(rows: int, **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    options.setdefault("max_length", TEXT_LENGTH)
    return forms.CharField(widget=widget, validators=[validate_storable], **options)


def _line(**options: Any) -> forms.CharField:
    return forms.CharField(max_length=300, validators=[validate_storable], **options)


def _moment(**options: Any) -> forms.DateTimeField:
    """A time in the reader's zone."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(widget=widget, required=False, **options)


class StepForm(CommandForm):
    note = _text(3, required=False, label="Note", help_text="Goes on the timeline.")


class ReasonForm(CommandForm):
    reason = _line(label="Why")


class ResolveForm(CommandForm):
    kind = forms.ChoiceField(
        label="Resolution",
        choices=[
            (kind.value, kind.label)
            for kind in (Incident.ResolutionKind.PERMANENT, Incident.ResolutionKind.WORKAROUND)
        ],
        widget=forms.RadioSelect,
    )
    resolution = _text(3, label="What was done", help_text="The requester reads this.")
    verification = _text(3, label="What was checked, and what came out")
    verified = forms.TypedChoiceField(
        label="Did the check pass?",
        coerce=lambda value: value == "yes",
        choices=[("yes", "Yes: it works again"), ("no", "No: it stays open")],
        widget=forms.RadioSelect,
    )


class LevelForm(CommandForm):
    level = forms.TypedChoiceField(label="Severity", coerce=int, choices=severity.choices)
    reason = _line(label="Why")


class CategoryForm(CommandForm):
    category = forms.ChoiceField(
        choices=[("", "Not set"), *Incident.Category.choices], required=False
    )


class MergeForm(CommandForm):
    into = forms.CharField(
        label="Into incident", max_length=30, help_text="Its reference: INC-2026-00042."
    )
    reason = _line(label="Why", required=False)

    def clean_into(self) -> int:
        return _incident_key(self.cleaned_data["into"])


def _incident_key(text: str) -> int:
    found = references.parse(text)
    if found is None or found[0] != "INC":
        raise forms.ValidationError("Write it as INC-2026-00042.")
    return found[1]


class NoteForm(CommandForm):
    text = _text(2, label="Note")
    at = _moment(label="When it happened", help_text="Empty: now. In your time zone.")


class CorrectForm(CommandForm):
    text = _text(3, label="What is right")
    at = _moment(label="When it happened", help_text="In your time zone.")
    reason = _line(label="Why it is corrected")


class DeclareForm(CommandForm):
    """An incident of its own, with a new ticket."""

    title = forms.CharField(
        max_length=200, validators=[validate_storable], help_text="What is broken, for whom."
    )
    level = forms.TypedChoiceField(label="Severity", coerce=int, choices=severity.choices)
    service = forms.ModelChoiceField(Service.objects.in_operation(), required=False)
    environment = forms.ChoiceField(
        choices=[("", "Not said"), *Environment.choices], required=False
    )
    description = _text(
        5, required=False, help_text="What is seen, since when, who is hurt. Markdown."
    )
    category = forms.ChoiceField(
        choices=[("", "Not set"), *Incident.Category.choices], required=False
    )
    level_reason = _line(label="Why this severity", required=False)
    started_at = _moment(label="Since when", help_text="Empty: not known. In your time zone.")


class DeclareForTicketForm(DeclareForm):
    """The response side of a ticket that is there: what the ticket says is not asked again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("title", "service", "environment", "description"):
            del self.fields[name]


#: The form of each command that a page gives.
FORMS: dict[str, type[CommandForm]] = {
    "acknowledge": EmptyForm,
    "investigate": StepForm,
    "identify": StepForm,
    "mitigate": StepForm,
    "resolve": ResolveForm,
    "waive_review": ReasonForm,
    "close": EmptyForm,
    "reopen": ReasonForm,
    "set_level": LevelForm,
    "set_category": CategoryForm,
    "merge": MergeForm,
    "cancel": ReasonForm,
    "note": NoteForm,
}
