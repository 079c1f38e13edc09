"""The frame of lists, seen through the list of tickets."""

import csv
import io

import pytest
from openpyxl import load_workbook

from itsm.audit.models import AuditEvent
from itsm.people import roles
from itsm.portal.models import SavedView
from itsm.tickets.models import Ticket
from tests.factories import person, responder, service, ticket

pytestmark = pytest.mark.django_db

LIST = "/tickets/"


@pytest.fixture
def worker(client):
    user = responder()
    client.force_login(user)
    return user


def _references(response):
    return [record.reference for record in response.context["records"]]


def test_anonymous_reader_is_sent_to_sign_in(client):
    response = client.get(LIST)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=/tickets/")


def test_list_shows_the_newest_first(client, worker):
    made = [ticket(by=worker) for _ in range(3)]
    assert _references(client.get(LIST)) == [t.reference for t in reversed(made)]


def test_pages_walk_through_all_rows_and_back(client, worker):
    made = [ticket(by=worker).reference for _ in range(30)]
    first = client.get(f"{LIST}?per=25&sort=reference")
    second = client.get(LIST + first.context["page"]["next_url"])
    assert _references(first) + _references(second) == made
    assert second.context["page"]["next_url"] == ""
    back = client.get(LIST + second.context["page"]["previous_url"])
    assert _references(back) == _references(first)


@pytest.mark.parametrize("query", ["per=7", "per=x", "after=%00", "before=zzz"])
def test_impossible_page_is_refused_with_a_sentence(client, worker, query):
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 422
    assert b"problem" in response.content


def test_unknown_sort_falls_back_to_the_default(client, worker):
    made = [ticket(by=worker) for _ in range(2)]
    response = client.get(f"{LIST}?sort=password")
    assert _references(response) == [t.reference for t in reversed(made)]


def test_impossible_filter_says_what_is_wrong_and_shows_no_rows(client, worker):
    ticket(by=worker)
    response = client.get(f"{LIST}?state=melted")
    assert response.status_code == 422
    assert list(response.context["records"]) == []
    assert "melted" in response.content.decode()


def test_active_filters_are_named_and_can_be_dropped_one_by_one(client, worker):
    response = client.get(f"{LIST}?state=new&state=triaged&sort=-opened")
    active = response.context["active"]
    assert [item["value"] for item in active] == ["New", "Triaged"]
    assert active[0]["remove_url"] == "?state=triaged&sort=-opened"


def test_counting_stops_at_a_thousand(client, worker, monkeypatch):
    monkeypatch.setattr("itsm.portal.lists.COUNT_CAP", 2)
    for _ in range(4):
        ticket(by=worker)
    assert client.get(LIST).context["page"]["text"] == "4 of 2+ tickets"


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_do_not_grow_with_rows(client, worker, rows, django_assert_num_queries):
    for _ in range(rows):
        ticket(by=worker, service=service())
    client.get(LIST)  # warms the choices of the filters, the content types and the session
    with django_assert_num_queries(6):
        client.get(LIST)


# Live refresh


def _part(client, have=""):
    return client.get(LIST, headers={"HX-Request": "true", "HX-Target": "results", "X-Have": have})


def test_htmx_gets_the_table_alone(client, worker):
    ticket(by=worker, title="Disk full")
    response = _part(client)
    assert response.content.lstrip().startswith(b'<div id="results"')
    assert b"<html" not in response.content
    assert "HX-Request" in response["Vary"]


def test_unchanged_table_is_answered_with_nothing(client, worker):
    ticket(by=worker)
    digest = client.get(LIST).context["digest"]
    assert _part(client, have=digest).status_code == 204
    ticket(by=worker)
    assert _part(client, have=digest).status_code == 200


# Exports


def test_csv_holds_every_row_of_the_filter_and_no_formula(client, worker):
    ticket(by=worker, title="=HYPERLINK(1)")
    ticket(Ticket.State.IN_PROGRESS, by=worker, title="Other")
    response = client.get(f"{LIST}?state=new&export=csv")
    text = b"".join(response.streaming_content).decode()
    heads, *rows = csv.reader(io.StringIO(text))
    assert heads[:3] == ["Reference", "Priority", "Title"]
    assert [row[2] for row in rows] == ["'=HYPERLINK(1)"]
    assert response["Content-Disposition"].startswith('attachment; filename="tickets-')


def test_sheet_opens_and_holds_the_rows(client, worker):
    made = ticket(by=worker, title="Certificate expires")
    response = client.get(f"{LIST}?export=xlsx")
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)), read_only=True)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert rows[1][:1] == (made.reference,)
    assert rows[1][2] == "Certificate expires"


def test_sheet_that_would_be_too_long_is_refused(client, worker, monkeypatch):
    monkeypatch.setattr("itsm.portal.exports.XLSX_ROWS", 1)
    for _ in range(2):
        ticket(by=worker)
    assert client.get(f"{LIST}?export=xlsx").status_code == 413


def test_export_is_an_entry_of_the_trail(client, worker):
    client.get(f"{LIST}?export=csv")
    entry = AuditEvent.objects.get(kind=AuditEvent.Kind.EXPORTED)
    assert (entry.actor_id, entry.origin) == (worker.pk, "portal")


def test_export_holds_only_what_the_reader_may_see(client):
    other = ticket(by=responder(), title="Not yours")
    client.force_login(person(roles.REQUESTER))
    response = client.get(f"{LIST}?export=csv")
    assert other.title not in b"".join(response.streaming_content).decode()


# Saved views


def test_saved_view_is_offered_on_its_list_only_to_its_owner(client, worker):
    client.post("/views/tickets/", {"name": "  My  new ", "query": "state=new&sort=-opened"})
    saved = client.get(f"{LIST}?sort=-opened&state=new").context["saved"]
    mine = [view for view in saved if view["name"] == "My new"]
    assert [view["active"] for view in mine] == [True]
    client.force_login(responder())
    assert "My new" not in [view["name"] for view in client.get(LIST).context["saved"]]


def test_saving_the_same_name_replaces_the_view_and_keeps_history(client, worker):
    for query in ("state=new", "state=closed"):
        client.post("/views/tickets/", {"name": "Mine", "query": query})
    view = SavedView.objects.get()
    assert view.query == "state=closed"
    assert [row.query for row in view.history.order_by("pk")] == ["state=new", "state=closed"]


def test_view_without_a_name_is_refused(client, worker):
    assert client.post("/views/tickets/", {"name": " ", "query": ""}).status_code == 422
    assert not SavedView.objects.exists()


def test_view_is_deleted_by_its_owner_only(client, worker):
    client.post("/views/tickets/", {"name": "Mine", "query": ""})
    view = SavedView.objects.get()
    client.force_login(responder())
    assert client.post(f"/views/{view.pk}/delete/").status_code == 404
    SavedView.objects.filter(pk=view.pk).update(shared=True)
    assert client.post(f"/views/{view.pk}/delete/").status_code == 403
    client.force_login(worker)
    assert client.post(f"/views/{view.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("referrer", ["https://evil.example/tickets/", "javascript:alert(1)", ""])
def test_saving_never_leads_to_another_site(client, worker, referrer):
    response = client.post(
        "/views/tickets/", {"name": "Mine", "query": ""}, headers={"referer": referrer}
    )
    assert response["Location"] == "/"
