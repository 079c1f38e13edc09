"""Policies and calendars that one test wrote are no business of the next."""

from collections.abc import Iterator

import pytest

from incidents import severity
from itsm.people import system
from itsm.portal import choices
from itsm.tickets import sla


def _forget() -> None:
    for kept in (severity, sla, choices, system):
        kept.forget()


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    _forget()
    yield
    _forget()
