"""The least that Django can do for an alert: the practical limit to compare the portal with.

No middleware, no models: one transaction with an upsert and, for a new key, a history row; answered
after the commit. `DATABASE_URL` names the database, which `prepare` fills with the two tables.
"""

from __future__ import annotations

import json
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from environs import Env

TABLES = """
drop table if exists floor_alert, floor_history;
create table floor_alert (
    id bigint generated always as identity primary key, key text not null, title text not null,
    body text not null, resolved boolean not null default false, count int not null default 1,
    seen_at timestamptz not null default now());
create unique index floor_open on floor_alert (key) where not resolved;
create table floor_history (
    id bigint generated always as identity primary key, alert_id bigint not null,
    what text not null, at timestamptz not null default now());
"""

_UPSERT = """
insert into floor_alert (key, title, body) values (%s, %s, %s)
on conflict (key) where not resolved
do update set count = floor_alert.count + 1, seen_at = now()
returning id, count
"""
_HISTORY = "insert into floor_history (alert_id, what) values (%s, 'created')"


def receive(request: HttpRequest) -> JsonResponse:
    alert = json.loads(request.body)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_UPSERT, [alert["dedup_key"], alert["title"], request.body.decode()])
        key, count = cursor.fetchone()
        if count == 1:
            cursor.execute(_HISTORY, [key])
    response = JsonResponse({"id": key, "count": count}, status=201 if count == 1 else 200)
    response["Content-Length"] = len(response.content)
    return response


urlpatterns = [path("alerts", receive)]


def configured() -> Any:
    """The WSGI application."""
    database = Env().dj_db_url("DATABASE_URL")
    settings.configure(
        SECRET_KEY="floor" * 8,
        ROOT_URLCONF="benchmarks.floor",
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=[],
        INSTALLED_APPS=[],
        USE_TZ=True,
        DATABASES={"default": {**database, "CONN_MAX_AGE": 600}},
    )
    django.setup()
    return get_wsgi_application()


def prepare() -> None:
    """Make the tables anew."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
