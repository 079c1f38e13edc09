"""People who use the running portal in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from itsm.people.models import User
from tests.services.portal import Portal

PASSWORD = "correct horse battery staple"

SignIn = Callable[[User], None]


@pytest.fixture
def sign_in(page: Page, portal: Portal) -> SignIn:
    """Sign in through the form, as a person does."""

    def enter(user: User) -> None:
        page.context.clear_cookies()
        page.goto(f"{portal.url}/accounts/login/")
        page.get_by_label("User name or e-mail address").fill(user.username)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{portal.url}/")

    return enter
