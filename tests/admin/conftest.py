"""People at the door of the admin, and what one test kept in memory is no business of the next."""

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from itsm.people import roles
from itsm.people.models import User
from tests import factories


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    from itsm.tickets import sla

    sla.forget()
    cache.clear()
    yield
    sla.forget()
    cache.clear()


@pytest.fixture
def manager(db: None) -> User:
    return factories.person(roles.OPS_MANAGER)


@pytest.fixture
def auditor(db: None) -> User:
    return factories.person(roles.AUDITOR)


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """A client with a session of this person."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="itsm.people.backends.PersonBackend")
        return client

    return sign_in
