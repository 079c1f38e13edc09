"""Every answer: its id, its security headers, its content policy; every error: its page or body."""

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import get_resolver

from itsm.core import health
from itsm.core.errors import Conflict, Invalid, NotAllowed, TooMany, Unauthenticated, WrongState
from itsm.core.middleware import client_address
from itsm.core.problems import error_response
from itsm.people import roles
from tests import factories

pytestmark = pytest.mark.django_db


def policy(response):
    rules = response["Content-Security-Policy"].split(";")
    return {rule.split()[0]: rule.split()[1:] for rule in rules if rule.strip()}


def simple_paths():
    """Every address that takes no argument."""
    found = []

    def walk(patterns, prefix):
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, route)
            elif "<" not in route and "(" not in route and "\\" not in route:
                found.append("/" + route.replace("^", "").replace("$", ""))

    walk(get_resolver().url_patterns, "")
    return sorted(set(found))


@pytest.mark.parametrize("path", simple_paths())
def test_every_answer_carries_the_headers(path):
    client = Client()
    client.force_login(
        factories.person(roles.OPS_MANAGER), backend="itsm.people.backends.PersonBackend"
    )
    response = client.get(path)
    assert response.status_code < 500
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert len(response["X-Request-ID"]) >= 8
    rules = policy(response)
    assert rules["default-src"] == ["'self'"]
    assert (rules["object-src"], rules["base-uri"]) == (["'none'"], ["'none'"])
    assert (rules["frame-ancestors"], rules["form-action"]) == (["'none'"], ["'self'"])
    relaxed = "unsafe" in response["Content-Security-Policy"]
    assert relaxed == path.startswith("/admin/")


@pytest.mark.parametrize("path", ["/nowhere/", "/accounts/login/", "/administrator/", "/healthz"])
def test_stranger_meets_the_strict_policy_everywhere(path, client):
    assert "unsafe" not in client.get(path)["Content-Security-Policy"]


def test_given_request_id_is_kept_when_it_is_harmless(client):
    assert (
        client.get("/healthz", headers={"X-Request-ID": "trace-42.a_b"})["X-Request-ID"]
        == "trace-42.a_b"
    )
    for bad in ("short", "x" * 65, "a b c d e f g", "<script>alert</script>", "ключ-ключ-ключ"):
        assert client.get("/healthz", headers={"X-Request-ID": bad})["X-Request-ID"] != bad


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "203.0.113.9"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", "203.0.113.9"),
        (1, "not an address", "203.0.113.9"),
        (1, "", "203.0.113.9"),
        (1, "1.1.1.1:443", "1.1.1.1"),
        (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "1.1.1.1'; drop table", "203.0.113.9"),
    ],
)
def test_forwarded_address_counts_as_far_as_our_proxies_wrote_it(proxies, forwarded, expected, rf):
    request = rf.get("/", REMOTE_ADDR="203.0.113.9", headers={"X-Forwarded-For": forwarded})
    with override_settings(TRUSTED_PROXIES=proxies):
        assert client_address(request) == expected


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unauthenticated("Who?"), 401),
        (NotAllowed("No."), 403),
        (WrongState("Not now.", missing=["A", "B"]), 409),
        (Conflict("Late.", hint="Look."), 409),
        (Invalid("Bad.", fields={"title": ["Too long."]}), 422),
        (TooMany("Slow down.", retry_after=7), 429),
    ],
)
def test_error_is_a_problem_for_machines_and_a_page_for_people(error, status, rf):
    body = error_response(rf.get("/api/v1/x"), error)
    page = error_response(rf.get("/x"), error)
    assert body.status_code == page.status_code == status
    assert body["Content-Type"] == "application/problem+json"
    assert page["Content-Type"].startswith("text/html")
    assert error.message in page.content.decode()


def test_healthz_answers_and_readyz_says_what_is_amiss(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]) == (200, "ok")


@pytest.fixture
def unknown_migrations():
    """The check forgets that it was content."""
    was = health._migrated.is_set()
    health._migrated.clear()
    yield
    if was:
        health._migrated.set()


def test_readyz_is_503_while_migrations_are_pending(client, unknown_migrations, monkeypatch):
    from django.db.migrations.executor import MigrationExecutor

    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: [1, 2])
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"] == "2 to apply: run `manage.py migrate`"


def test_readyz_is_503_while_the_database_is_down(client, monkeypatch):
    from django.db import OperationalError, connection

    def down():
        raise OperationalError("no")

    monkeypatch.setattr(connection, "cursor", down)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "does not answer")
    assert client.get("/healthz").status_code == 200


def test_settings_pass_the_deployment_check(capsys):
    with override_settings(
        SESSION_COOKIE_SECURE=True,
        CSRF_COOKIE_SECURE=True,
        SECURE_SSL_REDIRECT=True,
        SECURE_HSTS_SECONDS=31_536_000,
        SECURE_HSTS_INCLUDE_SUBDOMAINS=True,
        SECURE_HSTS_PRELOAD=True,
        SECRET_KEY=settings.SECRET_KEY * 2,
    ):
        call_command("check", deploy=True, fail_level="WARNING")
