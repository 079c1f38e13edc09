"""The project and the ground floor that every domain stands on."""

from itsm.celery import app as celery_app

__all__ = ["celery_app"]
