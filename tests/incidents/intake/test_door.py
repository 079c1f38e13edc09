"""Who gets in, and what those who do not are told."""

import datetime as dt
import json
import logging

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from structlog.stdlib import ProcessorFormatter

from incidents.intake import actions, memory
from incidents.models import Alert, DeadLetter, Incident, Integration
from itsm.people.system import system_user
from tests.incidents.intake.conftest import firing, made, post

pytestmark = pytest.mark.django_db


def problem(response, status):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def test_new_alert_is_201_and_committed(generic):
    response = generic.post(firing())
    assert response.status_code == 201
    body = json.loads(response.content)
    assert (body["accepted"], body["opened"]) == (1, 1)
    assert body["incidents"] == [Incident.objects.get().reference]


def test_repeat_is_200(generic):
    generic.post(firing())
    assert generic.post(firing()).status_code == 200
    assert Alert.objects.get().count == 2


def test_alias_and_headers_carry_the_key_too(generic):
    key = generic.key
    assert post(f"/api/alerts/generic/{key}", firing()).status_code == 201
    bearer = {"Authorization": f"Bearer {key}"}
    assert post("/api/v1/alerts/generic", firing(), **bearer).status_code == 200
    own = {"X-Integration-Key": key}
    assert post("/api/alerts/generic/", firing(), **own).status_code == 200


def test_get_is_405_and_says_post(generic):
    response = Client().get(generic.path)
    problem(response, 405)
    assert response["Allow"] == "POST"


@pytest.mark.parametrize("path", ["generic/nobody-knows-this", "generic", "alertmanager/{key}"])
def test_unknown_key_and_wrong_kind_are_401(generic, path):
    response = post(f"/api/v1/alerts/{path.format(key=generic.key)}", firing())
    problem(response, 401)
    assert "Bearer" in response["WWW-Authenticate"]
    assert not Alert.objects.exists()


def test_unknown_address_below_the_door_is_404():
    assert post("/api/v1/alerts/generic/a/b/c", firing()).status_code == 404


def test_disabled_integration_is_401_within_seconds(generic, time_machine):
    assert generic.post(firing()).status_code == 201
    Integration.objects.update(enabled=False)
    memory.forget()
    problem(generic.post(firing()), 401)


def test_known_key_is_asked_of_the_database_once(generic):
    generic.post(firing())
    with CaptureQueriesContext(connection) as captured:
        generic.post(firing())
    assert not any("incidents_integration" in q["sql"] and "key_hash" in q["sql"] for q in captured)


def test_rotated_key_leaves_the_old_one_valid_for_the_grace(generic, time_machine):
    old = generic.path
    _, key = actions.rotate(generic.integration, by=system_user(), grace=dt.timedelta(hours=1))
    generic.key = key
    assert generic.post(firing()).status_code == 201
    assert post(old, firing()).status_code == 200
    time_machine.move_to(timezone.now() + dt.timedelta(hours=2))
    memory.forget()
    problem(post(old, firing()), 401)
    assert generic.post(firing()).status_code == 200


def test_rotated_key_without_grace_is_dead_at_once(generic):
    old = generic.path
    actions.rotate(generic.integration, by=system_user(), grace=dt.timedelta())
    problem(post(old, firing()), 401)


def test_too_large_body_is_413_whatever_its_length_says(generic):
    body = json.dumps(firing(description="x" * 2**20)).encode()
    problem(generic.post(body), 413)
    assert not Alert.objects.exists()


def test_largest_body_is_taken(generic):
    frame = len(json.dumps(firing(description="")).encode())
    body = json.dumps(firing(description="x" * (2**20 - frame))).encode()
    assert len(body) == 2**20
    assert generic.post(body).status_code == 201


def test_too_many_requests_are_429_with_the_wait():
    sender = made("generic", rate_per_minute=3)
    for _ in range(3):
        assert sender.post(firing()).status_code in (200, 201)
    response = sender.post(firing())
    problem(response, 429)
    assert 1 <= int(response["Retry-After"]) <= 60
    assert Alert.objects.get().count == 3


def test_rate_of_one_integration_does_not_limit_another(generic):
    slow = made("generic", rate_per_minute=1)
    slow.post(firing())
    assert slow.post(firing()).status_code == 429
    assert generic.post(firing()).status_code == 201


@override_settings(
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
)
def test_alerts_come_in_while_the_shared_cache_is_down(generic):
    assert generic.post(firing()).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"title": NaN}',
        b'{"title": 1e999}',
        b'{"title": -Infinity}',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"labels":' * 40 + b"1" + b"}" * 40,
        b'{"n": ' + b"9" * 5_000 + b"}",
    ],
    ids=lambda body: body[:12].decode("latin1"),
)
def test_what_is_not_json_is_400(generic, body):
    problem(generic.post(body), 400)
    assert not Alert.objects.exists()


@pytest.mark.parametrize("body", [b"7", b'"text"', b"null", b"true"])
def test_json_of_another_shape_is_422(generic, alertmanager, body):
    problem(generic.post(body), 422)
    problem(alertmanager.post(body), 422)


def test_nothing_readable_is_422_and_kept_as_dead_letters(generic):
    body = problem(generic.post([{"status": "firing"}, 5]), 422)
    assert [one["index"] for one in body["rejected"]] == [0, 1]
    assert DeadLetter.objects.count() == 2


def test_unstorable_text_is_made_storable(generic):
    body = b'{"title": "Disk \\u0000 full \\ud800", "labels": {"a\\u0000": "\\udfff"}}'
    assert generic.post(body).status_code == 201
    alert = Alert.objects.get()
    assert alert.title == "Disk \ufffd full \ufffd"
    assert alert.labels == {"a\ufffd": "\ufffd"}


def test_body_with_a_byte_order_mark_is_read(generic):
    assert generic.post(b"\xef\xbb\xbf" + json.dumps(firing()).encode()).status_code == 201


def test_repeated_member_of_an_object_is_the_last_one(generic):
    assert generic.post(b'{"title": "First", "title": "Second"}').status_code == 201
    assert Alert.objects.get().title == "Second"


def test_no_session_is_touched_and_no_cookie_is_set(generic):
    with CaptureQueriesContext(connection) as captured:
        response = generic.post(firing())
    assert not response.cookies
    assert not any("django_session" in query["sql"] for query in captured)


def test_key_is_in_no_log_line(generic, caplog):
    generic.post(firing())
    generic.post(b"{")
    post(generic.path.replace("generic", "alertmanager"), firing())
    (lines,) = {
        h.formatter for h in logging.root.handlers if isinstance(h.formatter, ProcessorFormatter)
    }
    written = [lines.format(record) for record in caplog.records]
    assert sum("/api/v1/alerts/" in line for line in written) == 3
    assert not any(generic.key in line for line in written)


def failing(*errors):
    """Instrumentation of the connection: the next upserts of alerts fail like this."""
    waiting = list(errors)

    def execute(run, sql, params, many, context):
        if waiting and "into incidents_alert " in sql:
            raise waiting.pop(0)
        return run(sql, params, many, context)

    return connection.execute_wrapper(execute)


def test_trouble_with_the_database_is_503_so_that_senders_repeat(generic):
    with failing(OperationalError("server closed the connection unexpectedly")):
        response = generic.post(firing())
    problem(response, 503)
    assert int(response["Retry-After"]) > 0
    assert not Alert.objects.exists()
    assert generic.post(firing()).status_code == 201


def test_deadlock_is_tried_again_at_once(generic):
    deadlock = OperationalError("deadlock detected")
    deadlock.__cause__ = psycopg.errors.DeadlockDetected()
    with failing(deadlock, deadlock):
        assert generic.post(firing()).status_code == 201
    assert Alert.objects.get().count == 1
