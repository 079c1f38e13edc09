"""People in the admin: accounts, teams, memberships, contact methods, groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest

from itsm.core.admin import AuditedAdmin, AuditedInline, DecidedAdmin, Decision
from itsm.core.admin.base import ReasonForm
from itsm.core.errors import DomainError
from itsm.people import actions, roles, rules
from itsm.people.models import ContactMethod, Membership, Team, User

log = structlog.get_logger(__name__)

# Their own libraries' pages write without history and are replaced, or left out, here.
admin.site.unregister([Group, EmailAddress])


class WhyForm(forms.Form):
    """A decision that is only worth something with its reason."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class MailNotSent(DomainError):
    """The mail server did not take the message; nothing is half done."""

    status, code, title = 502, "mail-not-sent", "The mail server did not take the message"


class UserForm(ReasonForm):
    """Groups are granted to others, never to oneself."""

    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DecidedAdmin, AuditedAdmin):
    """Accounts are added, changed, deactivated; never deleted. Their person sets the password."""

    group, icon, place = "People", "person", 10
    form = UserForm
    list_display = ["username", "name", "email", "kind", "customer", "is_active", "last_login"]
    list_display_links = ["username", "name"]
    list_filter = ["is_active", "kind", "groups"]
    list_select_related = ["customer"]
    search_fields = ["username", "first_name", "last_name", "email"]
    ordering = ["username"]
    autocomplete_fields = ["customer"]
    filter_horizontal = ["groups"]
    readonly_fields = ["is_active", "date_joined", "last_login"]
    fieldsets = [
        (None, {"fields": ["username", ("first_name", "last_name"), "email", "kind", "time_zone"]}),
        ("What they may", {"fields": ["groups", "customer"]}),
        ("State", {"fields": [("is_active", "date_joined", "last_login")]}),
    ]
    bulk = {"unlock": "Unlock after failed sign-ins"}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name and kind are fixed once the trail may name them; nobody grants to themselves."""
        fixed = list(super().get_readonly_fields(request, obj))
        if obj is not None:
            fixed += ["username", "kind"]
            if rules.may_grant(request.user, obj):  # type: ignore[arg-type]
                fixed.append("groups")
        return fixed

    @admin.display(description="Name", ordering="first_name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def decisions(self, record: Any, by: Any) -> Iterable[Decision]:
        user: User = record
        refused = rules.may_deactivate(by, user)
        if user.is_active:
            yield Decision(
                "deactivate",
                "Deactivate",
                actions.deactivate,
                refused=refused,
                form=WhyForm,
                explains="All sessions end at once. Records keep naming this person.",
                danger=True,
            )
        else:
            yield Decision(
                "reactivate", "Reactivate", actions.reactivate, refused=refused, form=WhyForm
            )
        yield Decision(
            "password-link",
            "Send set-password link",
            _send_link,
            refused=rules.may_send_link(by, user),
            explains="The link goes to the person's own e-mail address and works once.",
        )
        yield Decision(
            "unlock",
            "Unlock after failed sign-ins",
            _unlock,
            refused=rules.may_manage(by, user),
            explains="Failed sign-ins under this name are forgotten, from every address.",
        )


def _send_link(user: User, *, by: User) -> str:
    link = actions.issue_password_link(user, by=by)
    try:
        actions.mail_password_link(user, link)
    except OSError as error:
        log.warning("password_link_not_mailed", user=user.pk, error=str(error))
        raise MailNotSent("The link could not be mailed.", hint="Send it again later.") from error
    return f"A set-password link is on its way to {user.email}."


def _unlock(user: User, *, by: User) -> str:
    forgotten = actions.unlock(user, by=by)
    return f"{user} can sign in again." if forgotten else f"{user} was not locked out."


class MembershipInline(AuditedInline):
    """Who is in the team; ended ones stay as the record of it."""

    model = Membership
    fields = ["user", "role", "started_at", "ended_at"]
    readonly_fields = ["user", "role", "started_at", "ended_at"]
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Team)
class TeamAdmin(AuditedAdmin):
    group, icon, place = "People", "groups", 20
    list_display = ["name", "slug", "email"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else dict(self.prepopulated_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["slug"] if obj else []


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    """Somebody joins and leaves; another role is another membership."""

    group, icon, place = "People", "badge", 30
    list_display = ["team", "user", "role", "started_at", "ended_at"]
    list_filter = ["role", "team", ("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["team", "user"]
    search_fields = ["team__name", "user__username", "user__first_name", "user__last_name"]
    autocomplete_fields = ["team", "user"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["team", "user", "role", "started_at"] if obj else []


@admin.register(ContactMethod)
class ContactMethodAdmin(AuditedAdmin):
    """Verified by its person, not here: only a verified one wakes somebody."""

    group, icon, place = "People", "contact_phone", 40
    list_display = ["user", "kind", "address", "label", "verified_at"]
    list_filter = ["kind", ("verified_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__first_name", "user__last_name", "address"]
    autocomplete_fields = ["user"]
    readonly_fields = ["verified_at"]


@admin.register(Group)
class GroupAdmin(AuditedAdmin):
    """What the members of a group may. Grants and revocations are entries of the trail."""

    group, icon, place = "People", "verified_user", 50
    explains = "What its members may do. Those of the product can be changed, and others made."
    form = forms.ModelForm  # type: ignore[assignment]
    list_display = ["name", "origin"]
    search_fields = ["name"]
    ordering = ["name"]
    filter_horizontal = ["permissions"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return [(None, {"fields": ["name", "permissions"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A group keeps its name: the trail tells of grants by it."""
        return ["name"] if obj else []

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "permissions":
            kwargs["queryset"] = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.save()

    @admin.display(description="Origin")
    def origin(self, group: Group) -> str:
        return "Shipped with the product" if group.name in roles.ALL else "Made here"
