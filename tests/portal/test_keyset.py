"""Keyset pages: complete, in order, without repeats, in both directions, whatever the sort."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm.catalog.models import Customer
from itsm.core.errors import Invalid
from itsm.portal.keyset import Order, read_page

pytestmark = pytest.mark.django_db


def _customers(*emails):
    return [
        Customer.objects.create(name=f"Customer {n}", slug=f"customer-{n}", email=email)
        for n, email in enumerate(emails)
    ]


def _walk(order, size):
    """All rows from the first page to the last, by the `after` cursors."""
    rows: list[Customer] = []
    after = ""
    while True:
        page = read_page(Customer.objects.all(), order, size=size, after=after)
        rows += page.rows
        after = page.after
        if not after:
            return rows


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", ["pk", "name", "email"])
def test_pages_hold_every_row_once_in_order(field, descending):
    _customers("b@x.example", "a@x.example", "b@x.example", "c@x.example", "a@x.example")
    order = Order(field, descending=descending)
    expected = list(Customer.objects.order_by(*order.names()))
    for size in (1, 2, 3, 5, 9):
        assert _walk(order, size) == expected


def test_previous_page_is_the_page_one_came_from():
    _customers(*["same@x.example"] * 7)
    order = Order("email", descending=True)
    first = read_page(Customer.objects.all(), order, size=3)
    second = read_page(Customer.objects.all(), order, size=3, after=first.after)
    back = read_page(Customer.objects.all(), order, size=3, before=second.before)
    assert back.rows == first.rows
    assert back.before == ""
    assert back.after == first.after


def test_first_page_has_nothing_before_and_last_nothing_after():
    _customers("a@x.example", "b@x.example")
    page = read_page(Customer.objects.all(), Order("pk"), size=2)
    assert (page.before, page.after) == ("", "")


def test_rows_without_a_value_are_left_out_of_an_order_by_it():
    with_calendar, _ = _customers("a@x.example", "b@x.example")
    from itsm.catalog.models import BusinessCalendar

    with_calendar.calendar = BusinessCalendar.objects.get()
    with_calendar.save()
    page = read_page(Customer.objects.all(), Order("calendar"), size=5)
    assert page.rows == [with_calendar]


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "WzEsMiwzXQ", "bnVsbA", "WyJhIiwiYiJd", "é"])
def test_broken_cursor_is_refused_with_a_sentence(cursor):
    with pytest.raises(Invalid, match="broken"):
        read_page(Customer.objects.all(), Order("pk"), size=2, after=cursor)


@given(st.text(max_size=60))
@settings(max_examples=150)
def test_no_cursor_text_breaks_the_page(text):
    with contextlib.suppress(Invalid):
        read_page(Customer.objects.all(), Order("email"), size=2, after=text)
