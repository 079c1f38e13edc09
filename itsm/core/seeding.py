"""Reference data that ships with the product: written by migrations, with its history rows."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

REASON = "Shipped with the product"


def seed(apps: Any, app_label: str, model: str, **fields: Any) -> Any:
    """Create one row of a historical model class and the history row that tells of it."""
    row = apps.get_model(app_label, model).objects.create(**fields)
    history = apps.get_model(app_label, f"Historical{model}")
    copied = {
        field.attname: getattr(row, field.attname)
        for field in history._meta.fields
        if not field.name.startswith("history_")
    }
    history.objects.create(
        **copied,
        history_date=timezone.now(),
        history_type="+",
        history_change_reason=REASON,
        history_origin="command",
    )
    return row
