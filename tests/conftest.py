"""What every test stands on.

The database is the one of DATABASE_URL, SQLite without it; `make test` runs the suite on both.
Tests speak to nothing: sockets are off, the broker is a list in memory. Tests in tests/browser and
tests/services_real speak to real processes on this machine, and may open loopback sockets.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.configuration
import pytest
from django.core.management.commands import flush
from django.db import connection, connections
from django.test import override_settings
from playwright.sync_api import Browser, Page

from scripts.portal_programs import Broker
from scripts.processes import LOOPBACK, ROOT
from tests.services.browser import Complaints, running_chromium
from tests.services.portal import Portal, database_url, running_portal
from tests.services.redis import running_redis

REAL_SERVICE_FOLDERS = ("browser", "services_real")
SCREENSHOTS = ROOT / ".cache" / "screenshots"

# A slow machine is no fault of the code under test.
hypothesis.settings.register_profile("portal", deadline=None)
hypothesis.settings.load_profile("portal")
hypothesis.configuration.set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in REAL_SERVICE_FOLDERS:
            item.add_marker(pytest.mark.real_services)
        if item.get_closest_marker("real_services"):
            item.add_marker(pytest.mark.allow_hosts([LOOPBACK]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Leave the outcome on the item, so that a fixture can act on a failure."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(autouse=True)
def quick_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Hashes that cost nothing, static files without a manifest, data of the test's own.

    Not where processes beside the test share its database: they could not check such a password.
    """
    changes: dict[str, Any] = {
        "DATA_DIR": tmp_path,
        "MESSAGE_CHANNEL": "email",
        "MEDIA_ROOT": tmp_path / "media",
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    }
    if not request.node.get_closest_marker("real_services"):
        changes["PASSWORD_HASHERS"] = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(**changes):
        yield


@pytest.fixture(autouse=True)
def fresh_memories() -> Iterator[None]:
    """What a process remembers for a while (policies, rules, choices) is of one test only."""
    from incidents import severity
    from incidents.intake import memory
    from itsm.people import system
    from itsm.portal import choices
    from itsm.tickets import sla

    kept = (severity, memory, system, choices, sla)
    for module in kept:
        module.forget()
    yield
    for module in kept:
        module.forget()


@pytest.fixture(autouse=True, scope="session")
def broker_in_memory() -> None:
    """Nudges go nowhere: a test that wants work done calls the task itself."""
    from itsm.celery import app

    app.conf.update(broker_url="memory://")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The migrated test database, to which every transactional test returns when it ends."""
    from tests.services.flush import handle_for, rows_after_migration

    with django_db_blocker.unblock():
        initial = {alias: rows_after_migration(connections[alias]) for alias in connections}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", handle_for(initial))
        yield


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Broker]:
    """A real Redis for the session; a test that kills it calls `redis_server.start()` again."""
    with running_redis() as broker:
        yield broker


@pytest.fixture(scope="session")
def collected_static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the static files in it, as `make run` leaves one."""
    from django.core.management import call_command

    folder = tmp_path_factory.mktemp("portal")
    with override_settings(STATIC_ROOT=folder / "static"):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


@pytest.fixture
def portal(
    transactional_db: None, redis_server: Broker, collected_static: Path
) -> Iterator[Portal]:
    """The real portal over the test's own database: web, worker and beat."""
    with running_portal(
        collected_static, database_url=database_url(connection), broker_url=redis_server.url
    ) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Playwright runs an event loop in this thread, and Django takes that for async code.
    with pytest.MonkeyPatch.context() as patch, running_chromium() as chromium:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield chromium


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page in a fresh profile. A script error or refused content fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints = Complaints(page)
    yield page
    if request.node.stash.get(FAILED, False):
        page.screenshot(path=SCREENSHOTS / f"{request.node.name}.png", full_page=True)
    context.close()
    assert not complaints.found
