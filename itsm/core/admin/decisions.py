"""Decisions as buttons on a record's page: each is a command, asked and answered as elsewhere.

The FSM package's own admin mixin is not used: it runs a forbidden transition when its name is
posted. Here a name is looked up among the decisions of the record, and the command itself checks
state and permission again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from itsm.core.errors import Conflict, DomainError, Invalid, WrongState


@dataclass(frozen=True, slots=True)
class Decision:
    """Something a person may decide about a record.

    `refused` says why not now, or is empty. `form` makes the form of what the command asks for;
    `run` calls the command with the cleaned values and returns a sentence for the page, or None.
    """

    name: str
    label: str
    run: Callable[..., Any]
    refused: str = ""
    form: Callable[..., Any] = forms.Form
    explains: str = ""
    danger: bool = False
    in_bulk: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """What a decision returns when its outcome may be seen once, on the answer itself: it is kept
    neither in a session nor in a message."""

    sentence: str
    value: str
    record: Any


class DecidedAdmin:
    """Mixin: give `decisions(record, by)`; the page gets the buttons, the list its bulk actions."""

    change_form_template = "admin/decided_change_form.html"
    #: Name → label of decisions that need no input and are offered for many rows at once.
    bulk: dict[str, str] = {}

    def decisions(self, record: Any, by: Any) -> Iterable[Decision]:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        opts = self.model._meta  # type: ignore[attr-defined]
        decide = self.admin_site.admin_view(self.decide_view)  # type: ignore[attr-defined]
        name = f"{opts.app_label}_{opts.model_name}_decide"
        own = path("<int:pk>/decide/<slug:name>/", decide, name=name)
        return [own, *super().get_urls()]  # type: ignore[misc]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        record = self.get_object(request, object_id)  # type: ignore[attr-defined]
        buttons = [
            (decision, self._url("decide", record.pk, decision.name))
            for decision in (self.decisions(record, request.user) if record else ())
        ]
        refused = any(decision.refused for decision, _ in buttons)
        extra = {"decisions": buttons, "any_refused": refused} | (extra_context or {})
        return super().change_view(request, object_id, form_url, extra)  # type: ignore[misc]

    def decide_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """GET asks for what the command needs; POST runs it."""
        record = self.get_object(request, str(pk))  # type: ignore[attr-defined]
        if record is None:
            raise Http404
        if not self.has_view_permission(request, record):  # type: ignore[attr-defined]
            raise PermissionDenied
        decision = next((d for d in self.decisions(record, request.user) if d.name == name), None)
        if decision is None:
            raise Http404
        return self.answer(request, record, decision)

    def answer(self, request: HttpRequest, record: Any, decision: Decision) -> HttpResponse:
        """The confirming page, or what came of the decision."""
        form = themed(decision.form(data=request.POST if request.method == "POST" else None))
        status = 422 if form.errors else 200
        if request.method == "POST" and form.is_valid():
            try:
                said = decision.run(record, by=request.user, **form.cleaned_data)
            except (Invalid, WrongState, Conflict) as error:
                _show(error, form)
                status = error.status
            else:
                return self._done(request, record, decision, said)
        return self._ask(request, record, decision, form, status)

    def _done(
        self, request: HttpRequest, record: Any, decision: Decision, said: Any
    ) -> HttpResponse:
        if isinstance(said, Secret):
            extra = {"title": decision.label, "secret": said, "opts": self.model._meta}  # type: ignore[attr-defined]
            site: Any = self.admin_site  # type: ignore[attr-defined]
            back = {"back": self._url("change", said.record.pk)}
            shown = TemplateResponse(
                request, "admin/secret.html", site.each_context(request) | extra | back
            )
            shown["Cache-Control"] = "no-store"
            return shown
        messages.success(request, said or f"{decision.label}: done.")
        return redirect(self._url("change", record.pk))

    def _ask(
        self,
        request: HttpRequest,
        record: Any,
        decision: Decision,
        form: forms.Form,
        status: int,
    ) -> HttpResponse:
        site: Any = self.admin_site  # type: ignore[attr-defined]
        extra = {
            "title": decision.label,
            "record": record,
            "decision": decision,
            "form": form,
            "opts": self.model._meta,  # type: ignore[attr-defined]
            "back": self._url("change", record.pk) if record else self._url("changelist"),
        }
        return TemplateResponse(
            request, "admin/decide.html", site.each_context(request) | extra, status=status
        )

    def _url(self, view: str, *args: Any) -> str:
        opts = self.model._meta  # type: ignore[attr-defined]
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_{view}", args=args)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Bulk actions: a loop over the same command, with a report of what was refused and why."""
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        for name, label in self.bulk.items():
            actions[name] = (partial(_decide_many, name=name, label=label), name, label)
        return actions


def _decide_many(
    model_admin: Any, request: HttpRequest, records: Any, *, name: str, label: str
) -> None:
    done, refused = 0, []
    for record in records:
        decision = next(
            (d for d in model_admin.decisions(record, request.user) if d.name == name), None
        )
        try:
            if decision is None:
                refused.append(f"{record}: this is not possible here.")
                continue
            decision.run(record, by=request.user)
            done += 1
        except DomainError as error:
            refused.append(f"{record}: {error.message}")
    if done:
        messages.success(request, f"{label}: done for {done}.")
    if refused:
        messages.warning(request, f"{label}: refused for {len(refused)}. {_report(refused)}")


def _report(refused: Sequence[str], limit: int = 20) -> str:
    more = f" And {len(refused) - limit} more." if len(refused) > limit else ""
    return " ".join(refused[:limit]) + more


def _show(error: DomainError, form: forms.Form) -> None:
    """The command's own answer, beside the field it is about; what was typed is kept."""
    fields = error.fields if isinstance(error, Invalid) else {}
    for name, sentences in fields.items():
        form.add_error(name if name in form.fields else None, list(sentences))
    if not fields:
        form.add_error(None, " ".join(filter(None, [error.message, error.hint])))


def themed(form: forms.Form) -> forms.Form:
    """The form in the admin's dress, whichever page it was written for."""
    for field in form.fields.values():
        if not field.widget.is_hidden:
            field.widget = _dressed(field)
    return form


def _dressed(field: Any) -> Any:
    if isinstance(field.widget, forms.Textarea):
        return UnfoldAdminTextareaWidget(attrs={"rows": 4})
    match field:
        case forms.ChoiceField():
            widget = UnfoldAdminSelectWidget()
            widget.choices = field.choices
            return widget
        case forms.BooleanField():
            return UnfoldBooleanWidget()
        case forms.SplitDateTimeField():
            return UnfoldAdminSplitDateTimeWidget()
        case forms.CharField() | forms.IntegerField() | forms.DateTimeField():
            return UnfoldAdminTextInputWidget(attrs=dict(field.widget.attrs))
    return field.widget
