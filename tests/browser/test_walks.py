"""What people come for, done in a real browser against the running portal."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from incidents.models import Incident
from itsm.people import roles
from itsm.tickets.models import Ticket
from tests.factories import person, responder, service, ticket
from tests.services.browser import accessibility_faults

pytestmark = pytest.mark.django_db(transaction=True)


def _decide(page: Page, name: str | re.Pattern[str], **fields: str) -> None:
    """Open a decision's panel, fill it, and press its final button."""
    page.locator("summary", has_text=name).first.click()
    panel = page.locator("details[open] form")
    for label, text in fields.items():
        panel.get_by_label(label.replace("_", " "), exact=False).fill(text)
    panel.get_by_role("button").last.click()


def test_requester_raises_a_ticket_and_responder_works_it_to_the_end(page, portal, sign_in):
    requester, worker = person(roles.REQUESTER), responder()
    sign_in(requester)
    page.goto(f"{portal.url}/tickets/new/")
    page.get_by_label("Title").fill("Payroll export stops at 99 %")
    page.get_by_role("button", name="Raise ticket").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Payroll export stops at 99 %")
    made = Ticket.objects.get()
    assert made.requester == requester

    sign_in(worker)
    page.goto(portal.url + made.get_absolute_url())
    page.get_by_role("button", name=re.compile("Start")).click()
    expect(page.locator(".record-head, header").first).to_be_visible()
    _decide(page, re.compile("Resolve"), What_was_done="Raised the memory limit of the exporter")
    expect(page.get_by_text("Raised the memory limit of the exporter").first).to_be_visible()
    made.refresh_from_db()
    assert made.state == Ticket.State.RESOLVED
    assert [c.to_state for c in made.state_changes.all()] == ["in-progress", "resolved"]


def test_commander_takes_an_incident_from_declared_to_resolved(page, portal, sign_in):
    commander = person(roles.COMMANDER)
    service(name="Checkout", slug="checkout")
    sign_in(commander)
    page.goto(f"{portal.url}/incidents/declare/")
    page.get_by_label("Title").fill("Checkout answers 502")
    page.locator("form.form").get_by_role("button").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Checkout answers 502")
    made = Incident.objects.get()
    page.get_by_role("button", name=re.compile("Acknowledge")).click()
    expect(page.get_by_text("Acknowledged").first).to_be_visible()
    made.refresh_from_db()
    assert (made.state, made.acknowledged_by) == (Incident.State.ACKNOWLEDGED, commander)


def test_every_main_page_is_accessible_in_both_themes_and_fits_a_phone(page, portal, sign_in):
    manager = person(roles.OPS_MANAGER)
    one = ticket(by=manager, title="A title long enough to be wrapped on the narrowest of phones")
    from incidents.actions import declaring

    burning = declaring.declare(by=manager, title="Nightly export is late", level=1)
    sign_in(manager)
    paths = [
        "/",
        "/tickets/",
        one.get_absolute_url(),
        f"{one.get_absolute_url()}history/",
        "/tickets/new/",
        "/incidents/",
        burning.get_absolute_url(),
        "/incidents/declare/",
        "/search/?q=nightly",
        "/tickets/OPS-999999/",
    ]
    faults: dict[str, list[str]] = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (360, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            for path in paths:
                page.goto(portal.url + path)
                place = f"{path} {theme} {width}"
                if found := accessibility_faults(page):
                    faults[place] = found
                wider = page.evaluate("document.documentElement.scrollWidth > innerWidth")
                if wider:
                    faults[place] = [*faults.get(place, []), "scrolls sideways"]
    assert faults == {}


def test_list_is_worked_with_the_keyboard_alone(page, portal, sign_in):
    worker = responder()
    first, second = ticket(by=worker, title="First"), ticket(by=worker, title="Second")
    sign_in(worker)
    page.goto(f"{portal.url}/tickets/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(portal.url + first.get_absolute_url())
    page.keyboard.press("/")
    page.keyboard.type(second.reference)
    page.keyboard.press("Enter")
    page.wait_for_url(portal.url + second.get_absolute_url())


def test_page_works_without_scripts(browser, portal):
    worker = responder()
    made = ticket(by=worker, title="No scripts here")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{portal.url}/accounts/login/?next={made.get_absolute_url()}")
    page.get_by_label("User name or e-mail address").fill(worker.username)
    page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=re.compile("Start")).click()
    made.refresh_from_db()
    assert made.state == Ticket.State.IN_PROGRESS
    context.close()


def test_list_renews_itself_while_one_looks_at_it(page, portal, sign_in):
    worker = responder()
    sign_in(worker)
    page.goto(f"{portal.url}/incidents/")
    from incidents.actions import declaring

    declaring.declare(by=worker, title="Appeared by itself", level=2)
    expect(page.get_by_text("Appeared by itself")).to_be_visible(timeout=15_000)
