"""The real portal for a test: web, worker and beat, over the database that the test sees."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx
from django.db.backends.base.base import BaseDatabaseWrapper

from scripts import portal_programs
from scripts.processes import LOOPBACK, Program, free_port, wait_until

ALL = ("web", "worker", "beat")


class Portal:
    """`portal.url` answers; each part can be killed with -9 and brought back on its own."""

    def __init__(self, folder: Path, *, database_url: str, broker_url: str, **env: str) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        env = {
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": broker_url,
            "DATA_DIR": str(folder),
            "BASE_URL": self.url,
            **env,
        }
        self.parts: dict[str, Program] = {
            "web": portal_programs.web(LOOPBACK, self.port, env=env, log=folder / "web.log"),
            "worker": portal_programs.worker(env=env, log=folder / "worker.log"),
            "beat": portal_programs.beat(folder / "beat", env=env, log=folder / "beat.log"),
        }

    def start(self, parts: Sequence[str] = ALL) -> None:
        for name in parts:
            self.parts[name].start()
        if "web" in parts:
            self.parts["web"].wait_until(self.ready, within=60, what="the portal is ready")

    def ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=5).is_success
        return False

    def kill(self, part: str) -> None:
        """kill -9 of the part and of all its children."""
        self.parts[part].kill()

    def restart(self, part: str) -> None:
        self.parts[part].stop()
        self.start([part])

    def stop(self) -> None:
        for part in self.parts.values():
            part.ask_to_stop()
        for part in self.parts.values():
            part.stop()

    def wait_until(self, condition: Callable[[], object], *, what: str, within: float = 60) -> None:
        """Fails with the last words of every part."""
        try:
            wait_until(condition, within=within, what=what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.logs()}") from None

    def logs(self) -> str:
        return "\n".join(f"== {name}\n{part.last_words()}" for name, part in self.parts.items())


@contextlib.contextmanager
def running_portal(
    folder: Path, *, database_url: str, broker_url: str, parts: Sequence[str] = ALL, **env: str
) -> Iterator[Portal]:
    portal = Portal(folder, database_url=database_url, broker_url=broker_url, **env)
    try:
        portal.start(parts)
        yield portal
    finally:
        portal.stop()


def database_url(connection: BaseDatabaseWrapper) -> str:
    """The address of the test database that pytest-django made, for processes beside the test."""
    if connection.vendor != "postgresql":
        raise RuntimeError("Processes beside a test need PostgreSQL: run `make test-browser`.")
    settings = connection.settings_dict
    user = quote(settings["USER"] or "", safe="")
    password = f":{quote(settings['PASSWORD'], safe='')}" if settings["PASSWORD"] else ""
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    host = quote(settings["HOST"] or "", safe="")
    return f"postgresql://{user}{password}@{host}{port}/{settings['NAME']}"
