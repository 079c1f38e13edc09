"""What the process keeps of one test's database is no business of the next."""

from collections.abc import Iterator

import pytest

from incidents import severity
from incidents.intake import memory
from itsm.people import system
from itsm.portal import choices
from itsm.tickets import sla


def _forget() -> None:
    for kept in (severity, sla, choices, system, memory):
        kept.forget()


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    _forget()
    yield
    _forget()
