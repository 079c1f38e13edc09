"""Logs hold no secrets, and each line of a request carries its id."""

import io
import json
import logging
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.test import Client

from itsm.core import context
from itsm.core.logs import configure, logging_config, without_secrets
from tests import factories

KEY = "Zm9vYmFyYmF6LXNlY3JldC1rZXk"


@pytest.fixture
def lines():
    """What the portal writes, as it writes it."""
    configure(logging_config(as_json=True, level="DEBUG"))
    handler: Any = logging.getLogger().handlers[0]
    stream, was = io.StringIO(), handler.stream
    handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(was)
    configure(settings.LOGGING)


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/alerts/generic/{KEY}",
        f"/api/v1/alerts/generic/{KEY}/",
        f"/api/alerts/alertmanager/{KEY}",
        f"/api/v1/alerts/alertmanager/{KEY}/api/v2/alerts",
        f"/api/v1/alerts/generic/{KEY}?x=1",
    ],
)
def test_intake_key_is_in_no_line(path, lines, db):
    Client().post(path, "{}", content_type="application/json")
    Client().get(path)
    assert lines()
    assert KEY not in json.dumps(lines())


def test_token_of_a_password_link_is_in_no_line(lines, db):
    Client().get("/accounts/password/reset/key/3-abc123-secrettoken/")
    assert "secrettoken" not in json.dumps(lines())


def test_password_is_in_no_line(lines, db):
    person = factories.person()
    for password in ("correct horse battery staple", "wrong-and-secret"):
        Client().post("/accounts/login/", {"login": person.username, "password": password})
    written = json.dumps(lines())
    assert "battery" not in written
    assert "wrong-and-secret" not in written


def test_secret_in_an_error_is_masked(lines):
    try:
        int(f"/api/v1/alerts/generic/{KEY}")
    except ValueError:
        logging.getLogger("x").exception("failed")
        structlog.get_logger("x").error("failed", why=f"/password/reset/key/{KEY}")
    assert KEY not in json.dumps(lines())


def test_lines_of_a_request_carry_its_id_and_person(lines, db):
    person = factories.person()
    client = Client()
    client.force_login(person, backend="itsm.people.backends.PersonBackend")
    client.get("/", headers={"X-Request-ID": "trace-0001"})
    request = next(line for line in lines() if line["event"] == "request")
    assert (request["request_id"], request["origin"]) == ("trace-0001", "portal")
    assert (request["status"], request["path"], request["method"]) == (200, "/", "GET")


def test_line_outside_a_request_says_where_it_is_from(lines):
    with context.use(origin=context.COMMAND):
        structlog.get_logger("x").info("hello")
    assert lines()[-1]["origin"] == "command"


@pytest.mark.parametrize(
    "text", ["/alerts/", "/api/v1/alerts/generic/", "/tickets/OPS-1/", "alerts"]
)
def test_harmless_paths_stay(text):
    assert without_secrets(text) == text
