"""A sender that posts to the door, and a process that remembers nothing of the test before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from incidents.intake import actions, memory
from incidents.models import Integration
from itsm.people import system
from itsm.people.system import system_user
from tests import factories


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    memory.forget()
    system.forget()
    cache.clear()
    yield
    memory.forget()
    system.forget()
    cache.clear()


@dataclass
class Sender:
    """A monitoring system with its secret address."""

    integration: Integration
    key: str

    @property
    def path(self) -> str:
        return f"/api/v1/alerts/{self.integration.kind}/{self.key}"

    def post(self, body: Any, **headers: str) -> Any:
        return post(self.path, body, **headers)

    def send(self, *alerts: dict[str, Any]) -> dict[str, Any]:
        """Post the alerts; the receipt."""
        response = self.post({"alerts": list(alerts)})
        assert response.status_code in (200, 201), response.content
        receipt: dict[str, Any] = json.loads(response.content)
        return receipt


def post(path: str, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = Client(raise_request_exception=False)
    return client.post(path, content, content_type="application/json", headers=headers)


def made(kind: str, **fields: Any) -> Sender:
    name = fields.pop("name", f"{kind} {factories._number()}")
    return Sender(*actions.create(by=system_user(), kind=kind, name=name, **fields))


@pytest.fixture
def generic(db: None) -> Sender:
    return made("generic")


@pytest.fixture
def alertmanager(db: None) -> Sender:
    return made("alertmanager")


def firing(key: str = "disk", **fields: Any) -> dict[str, Any]:
    """A generic alert."""
    return {"title": f"Disk full on {key}", "dedup_key": key, "status": "firing"} | fields


def resolved(key: str = "disk", **fields: Any) -> dict[str, Any]:
    return firing(key, **fields) | {"status": "resolved"}


def statements(queries: Sequence[dict[str, str]]) -> list[str]:
    """SQL without transaction control."""
    control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in queries if not query["sql"].startswith(control)]
