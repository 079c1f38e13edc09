"""Search: references open their record, words find titles, nobody finds what they may not see."""

import pytest

from itsm.people import roles
from tests.factories import customer, person, responder, ticket

pytestmark = pytest.mark.django_db


def test_reference_opens_the_record_in_any_case(client):
    worker = responder()
    made = ticket(by=worker)
    client.force_login(worker)
    response = client.get("/search/", {"q": f" ops-{made.pk} "})
    assert response["Location"] == made.get_absolute_url()


def test_reference_of_an_invisible_record_is_like_none(client):
    made = ticket(by=responder())
    client.force_login(person(roles.REQUESTER))
    response = client.get("/search/", {"q": made.reference})
    assert response.status_code == 200
    assert made.title not in response.content.decode()


def test_words_find_the_beginning_of_a_title(client):
    worker = responder()
    made = ticket(by=worker, title="Disk of db-3 is full")
    client.force_login(worker)
    assert [hit.reference for hit in client.get("/search/?q=disk of").context["hits"]] == [
        made.reference
    ]


def test_customers_find_their_own_only(client):
    ours, theirs = customer(), customer()
    worker = responder()
    mine = ticket(by=worker, title="Printer on fire", customer=ours)
    ticket(by=worker, title="Printer on fire", customer=theirs)
    client.force_login(person(roles.CUSTOMER, customer=ours))
    hits = client.get("/search/?q=printer").context["hits"]
    assert [hit.reference for hit in hits] == [mine.reference]


@pytest.mark.parametrize(
    "words", ["", " ", "a", "%00", "x" * 5000, "OPS-999999999999999999999", "'"]
)
def test_odd_words_find_nothing_and_break_nothing(client, words):
    client.force_login(responder())
    assert client.get(f"/search/?q={words}").status_code == 200
