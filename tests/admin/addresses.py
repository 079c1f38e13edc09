"""Addresses of the admin's pages."""

from typing import Any

from django.urls import reverse


def url(model: Any, view: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)
