"""Sign-in events, grants, imports and exports become entries of the trail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account import signals as account_signals
from axes.signals import user_locked_out
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import m2m_changed
from import_export.signals import post_export, post_import

from itsm.audit.models import AuditEvent
from itsm.audit.trail import record
from itsm.people import signals as people_signals

_GRANTS = {"post_add": AuditEvent.Kind.GRANTED, "post_remove": AuditEvent.Kind.REVOKED}


def signed_in(user: Any, **_: Any) -> None:
    record(AuditEvent.Kind.SIGNED_IN, f"{user} signed in", target=user, actor=user)


def signed_out(user: Any, **_: Any) -> None:
    if user is not None:
        record(AuditEvent.Kind.SIGNED_OUT, f"{user} signed out", target=user, actor=user)


def sign_in_failed(credentials: dict[str, Any], **_: Any) -> None:
    name = str(credentials.get("username") or credentials.get("email") or "")[:150]
    record(AuditEvent.Kind.SIGN_IN_FAILED, f"Sign-in as “{name}” failed", username=name)


def locked_out(username: str | None = None, **_: Any) -> None:
    name = str(username or "")[:150]
    record(AuditEvent.Kind.LOCKED_OUT, f"Sign-in as “{name}” is locked", username=name)


def unlocked(user: Any, by: Any, **_: Any) -> None:
    record(AuditEvent.Kind.UNLOCKED, f"{user} may try to sign in again", target=user, actor=by)


def password_link_issued(user: Any, by: Any, **_: Any) -> None:
    sentence = f"A set-password link was issued for {user}"
    record(AuditEvent.Kind.PASSWORD_LINK, sentence, target=user, actor=by)


def password_set(user: Any, **_: Any) -> None:
    record(AuditEvent.Kind.PASSWORD_SET, f"{user} set a password", target=user, actor=user)


def grants_changed(
    sender: Any, instance: Any, action: str, model: Any, pk_set: set[int] | None, **_: Any
) -> None:
    """A clearing names no rows, so they are read while they are still there."""
    if (kind := _GRANTS.get(action)) and pk_set:
        _grant(kind, instance, model.objects.filter(pk__in=pk_set))
    elif action == "pre_clear":
        there = sender._default_manager.filter(**{_end(sender, type(instance)): instance.pk})
        keys = there.values_list(_end(sender, model), flat=True)
        _grant(AuditEvent.Kind.REVOKED, instance, model.objects.filter(pk__in=list(keys)))


def _end(through: Any, model: Any) -> str:
    """The column of a many-to-many table that points at `model`."""
    columns: list[str] = [f.attname for f in through._meta.fields if f.related_model is model]
    return columns[0]


def _grant(kind: AuditEvent.Kind, instance: Any, others: Iterable[Any]) -> None:
    if names := sorted(str(other) for other in others):
        record(kind, f"{instance}: {', '.join(names)}", target=instance, names=names)


def exported(model: Any, **_: Any) -> None:
    record(AuditEvent.Kind.EXPORTED, f"{model._meta.verbose_name_plural} as a file".capitalize())


def imported(model: Any, **_: Any) -> None:
    record(AuditEvent.Kind.IMPORTED, f"{model._meta.verbose_name_plural} from a file".capitalize())


def connect() -> None:
    """Each receiver is named by what it hears, so that connecting twice is connecting once."""
    user: Any = get_user_model()
    heard = {
        signed_in: [user_logged_in],
        signed_out: [user_logged_out],
        sign_in_failed: [user_login_failed],
        locked_out: [user_locked_out],
        unlocked: [people_signals.unlocked],
        password_link_issued: [people_signals.password_link_issued],
        password_set: [
            account_signals.password_set,
            account_signals.password_changed,
            account_signals.password_reset,
        ],
        exported: [post_export],
        imported: [post_import],
    }
    for receiver, signals in heard.items():
        for signal in signals:
            signal.connect(receiver, dispatch_uid=f"itsm.audit.{receiver.__name__}")
    for through in (user.groups.through, user.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(
            grants_changed, sender=through, dispatch_uid=f"itsm.audit.{through.__name__}"
        )
