"""Each list, form and history page opens for those who may see it, at a cost that does not grow."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from itsm.catalog.models import Service
from itsm.core.admin.paging import CappedPaginator
from tests import factories
from tests.admin.addresses import url
from tests.rows import make

MODELS = [pytest.param(m, id=m._meta.label_lower) for m in admin.site._registry]


@pytest.mark.parametrize("model", MODELS)
def test_pages_open_for_the_ops_manager(model, signed_in, manager):
    record = make(model, manager)
    client = signed_in(manager)
    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "change", record.pk)).status_code == 200
    history = client.get(url(model, "history", record.pk))
    assert history.status_code == (200 if hasattr(model, "history") else 404)
    assert client.get(url(model, "delete", record.pk)).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_auditor_reads_and_writes_nothing(model, signed_in, manager, auditor):
    record = make(model, manager)
    client = signed_in(auditor)
    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "change", record.pk)).status_code == 200
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "change", record.pk), {}).status_code == 403
    assert client.post(url(model, "delete", record.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_list_costs_the_same_for_one_row_and_more(model, signed_in, manager):
    client = signed_in(manager)
    make(model, manager)
    client.get(url(model, "changelist"))  # warms content types and policies
    with CaptureQueriesContext(connection) as one:
        client.get(url(model, "changelist"))
    make(model, manager)
    make(model, manager)
    with CaptureQueriesContext(connection) as three:
        client.get(url(model, "changelist"))
    assert len(three) == len(one) <= 14, "\n".join(q["sql"] for q in three)


@pytest.mark.parametrize("model", MODELS)
def test_search_answers(model, signed_in, manager):
    model_admin = admin.site._registry[model]
    if not model_admin.search_fields:
        return
    make(model, manager)
    for words in ("INC-2026-00001", "OPS-1", "12", "zebra", "'; drop table x", "\x00"):
        assert signed_in(manager).get(url(model, "changelist"), {"q": words}).status_code == 200


def test_list_does_not_count_millions(manager, signed_in, monkeypatch):
    monkeypatch.setattr(CappedPaginator, "CAP", 2)
    for _ in range(4):
        factories.service()
    with CaptureQueriesContext(connection) as queries:
        response = signed_in(manager).get(url(Service, "changelist"))
    counts = [q["sql"] for q in queries if "COUNT(" in q["sql"]]
    assert counts
    assert all("LIMIT 2" in sql for sql in counts if "catalog_service" in sql)
    assert response.context["cl"].result_count == 2
