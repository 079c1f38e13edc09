"""The compliance trail of a model: django-simple-history, set up one way for all.

Each history row carries who (a plain user id, so that deleting a user never touches history),
when, why (text of any length) and from where (door, request id, address).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from itsm.core import context
from itsm.core.inserts import insert


class FromWhere(models.Model):
    """What a history row knows beyond the fields of its model."""

    history_origin = models.CharField(max_length=10, default=context.JOB)
    history_request_id = models.CharField(max_length=64, blank=True, default="")
    history_address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        abstract = True


def _get_user(row: Any) -> Any:
    from django.contrib.auth import get_user_model

    if row.history_user_id is None:
        return None
    return get_user_model()._default_manager.filter(pk=row.history_user_id).first()


def _set_user(row: Any, user: Any) -> None:
    row.history_user_id = user.pk if user else None


def _actor(**_: Any) -> Any:
    return context.current().user


class Trail(HistoricalRecords):
    """History is asked for by record and by time: relations copied into it need no index."""

    def copy_fields(self, model: Any) -> dict[str, Any]:
        fields: dict[str, Any] = super().copy_fields(model)
        for field in fields.values():
            if field.is_relation:
                field.db_index = False
        return fields


def audited(**options: Any) -> HistoricalRecords:
    """`history = audited()` on a domain model."""
    return Trail(
        bases=[FromWhere],
        history_id_field=models.BigAutoField(primary_key=True),
        history_user_id_field=models.BigIntegerField(null=True),
        history_user_getter=_get_user,
        history_user_setter=_set_user,
        history_change_reason_field=models.TextField(blank=True, default=""),
        get_user=_actor,
        **options,
    )


def stamp_origin(sender: Any, history_instance: Any, **_: Any) -> None:
    """Receiver of `pre_create_historical_record`: from where this row was written."""
    here = context.current()
    history_instance.history_origin = here.origin
    history_instance.history_request_id = here.request_id
    history_instance.history_address = here.address
    if history_instance.history_change_reason is None:
        history_instance.history_change_reason = ""


def write_many(records: Sequence[models.Model], *, reason: str, operation: str = "+") -> None:
    """History rows for records that were written in bulk: the one allowed bulk path.

    `operation` is "+" for created and "~" for changed, as in django-simple-history. A record with
    a `_change_reason` of its own keeps that one.
    """
    if not records:
        return
    here = context.current()
    now = timezone.now()
    history = type(records[0]).history.model  # type: ignore[attr-defined]
    fields = [field.attname for field in history.tracked_fields]
    rows = [
        history(
            history_date=now,
            history_type=operation,
            history_user_id=here.user.pk if here.user else None,
            history_change_reason=getattr(record, "_change_reason", None) or reason,
            history_origin=here.origin,
            history_request_id=here.request_id,
            history_address=here.address,
            **{name: getattr(record, name) for name in fields},
        )
        for record in records
    ]
    insert(rows)
