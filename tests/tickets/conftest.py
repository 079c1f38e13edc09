"""Policies and calendars that one test wrote are no business of the next."""

from collections.abc import Iterator

import pytest

from itsm.portal import choices
from itsm.tickets import sla


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    sla.forget()
    choices.forget()
    yield
    sla.forget()
    choices.forget()
