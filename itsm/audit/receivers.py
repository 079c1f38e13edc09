"""Sign-in events and grants of groups and permissions become entries of the trail."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import m2m_changed

from itsm.audit.models import AuditEvent
from itsm.audit.trail import record

_GRANTS = {"post_add": AuditEvent.Kind.GRANTED, "post_remove": AuditEvent.Kind.REVOKED}


def signed_in(user: Any, **_: Any) -> None:
    record(AuditEvent.Kind.SIGNED_IN, f"{user} signed in", target=user, actor=user)


def signed_out(user: Any, **_: Any) -> None:
    if user is not None:
        record(AuditEvent.Kind.SIGNED_OUT, f"{user} signed out", target=user, actor=user)


def sign_in_failed(credentials: dict[str, Any], **_: Any) -> None:
    name = str(credentials.get("username") or credentials.get("email") or "")[:150]
    record(AuditEvent.Kind.SIGN_IN_FAILED, f"Sign-in as “{name}” failed", username=name)


def grants_changed(
    instance: Any, action: str, model: Any, pk_set: set[int] | None, **_: Any
) -> None:
    if (kind := _GRANTS.get(action)) and pk_set:
        names = sorted(str(other) for other in model.objects.filter(pk__in=pk_set))
        record(kind, f"{instance}: {', '.join(names)}", target=instance, names=names)


def connect() -> None:
    user = get_user_model()
    user_logged_in.connect(signed_in, dispatch_uid="itsm.audit.signed_in")
    user_logged_out.connect(signed_out, dispatch_uid="itsm.audit.signed_out")
    user_login_failed.connect(sign_in_failed, dispatch_uid="itsm.audit.sign_in_failed")
    for through in (user.groups.through, user.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(
            grants_changed, sender=through, dispatch_uid=f"itsm.audit.{through.__name__}"
        )
