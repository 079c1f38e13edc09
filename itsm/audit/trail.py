"""Writing entries of the trail from wherever they happen."""

from __future__ import annotations

from typing import Any

from django.db import models

from itsm.audit.models import AuditEvent
from itsm.core import context
from itsm.core.commands import Refusal


def record(
    kind: AuditEvent.Kind,
    summary: str,
    *,
    target: models.Model | None = None,
    actor: Any = None,
    **data: Any,
) -> AuditEvent:
    """Write one entry: who (default: the context's user), on which record, from where."""
    here = context.current()
    who = actor or here.user
    return AuditEvent.objects.create(
        kind=kind,
        actor_id=getattr(who, "pk", None),
        actor_name=str(who or "")[:200],
        target=target._meta.label_lower if target else "",
        target_id=target.pk if target else None,
        summary=summary[:400],
        data=data,
        origin=here.origin,
        request_id=here.request_id,
        address=here.address,
    )


def record_refusal(refusal: Refusal) -> None:
    """Listener of the command frame: an attempt that was refused is an entry too."""
    record(
        AuditEvent.Kind.REFUSED,
        f"{refusal.command}: {refusal.error.message}",
        target=refusal.record,
        actor=refusal.by,
        command=refusal.command,
        code=refusal.error.code,
        missing=list(refusal.error.missing),
    )
