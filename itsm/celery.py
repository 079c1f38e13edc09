"""The Celery app. Tasks are named, take ids, may run twice; rows in the database are the truth."""

from __future__ import annotations

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_before_create_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")

app = Celery("itsm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Django has set the logs up already; Celery must not replace them."""


@worker_before_create_process.connect
def _share_memory(**_: Any) -> None:
    """What is loaded before the fork stays shared: the child's collector leaves it alone."""
    gc.collect()
    gc.freeze()
