"""Celery task of the outbox: a shell around delivery, safe to run twice and side by side."""

from __future__ import annotations

from celery import shared_task

from itsm.outbox import actions


@shared_task(name="outbox.deliver")
def deliver() -> int:
    """Deliver what is due."""
    return actions.deliver_due()
