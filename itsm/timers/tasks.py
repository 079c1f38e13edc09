"""Celery tasks of the timers: shells around the sweep, safe to run twice and side by side."""

from __future__ import annotations

import threading
import time

import structlog
from celery import shared_task

from itsm.timers import sweep as engine

log = structlog.get_logger(__name__)

_last_nudge = 0.0
_NUDGE_SECONDS = 0.5
_sending = threading.Lock()


@shared_task(name="timers.sweep")
def sweep() -> int:
    """Fire what is due."""
    return engine.sweep()


@shared_task(name="timers.watch")
def watch() -> int:
    """Report what should have fired and did not."""
    return engine.watch()


def nudge() -> None:
    """Ask a worker to sweep now. Only a hint: the periodic sweep comes within seconds anyway.

    At most one message per half second and process goes out. It is sent beside the caller, who has
    committed and must not wait: connecting to a dead broker takes seconds, and is only logged.
    """
    global _last_nudge  # noqa: PLW0603 (one throttle a process)
    now = time.monotonic()
    if now - _last_nudge < _NUDGE_SECONDS or _sending.locked():
        return
    _last_nudge = now
    threading.Thread(target=_send_nudge, name="nudge", daemon=True).start()


def _send_nudge() -> None:
    if not _sending.acquire(blocking=False):
        return
    try:
        sweep.apply_async(ignore_result=True, retry=False)
    except Exception as error:  # noqa: BLE001 (each broker raises its own)
        log.warning("nudge_not_sent", error=str(error))
    finally:
        _sending.release()
