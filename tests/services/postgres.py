"""A throw-away PostgreSQL cluster on a unix socket, as quick as one without safety on disk is."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from scripts.processes import Program, dying_with_its_parent
from tests.services.missing import postgres_programs

USER = "itsm"
DURABLE = ("max_connections=200",)
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class Cluster:
    """Databases on one socket. `url(name)` is what DATABASE_URL wants."""

    def __init__(self, folder: Path, options: Sequence[str] = FAST) -> None:
        self.socket_folder = folder
        self.log = folder / "log"
        self._data = folder / "data"
        self._programs = postgres_programs()
        self._account = unprivileged_account()
        self.program = Program(
            "postgres",
            [
                *(str(self._programs / "postgres"), "-D", str(self._data), "-k", str(folder)),
                *("-c", "listen_addresses="),
                *(part for option in options for part in ("-c", option)),
            ],
            log=self.log,
            death_signal="QUIT",
            user=self._account,
            cwd=folder,
        )

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}@{quote(str(self.socket_folder), safe='')}/{database}"

    def create(self) -> None:
        if self._account is not None:
            shutil.chown(self.socket_folder, self._account)
        initdb = [str(self._programs / "initdb"), "-D", str(self._data), "-U", USER, "--no-sync"]
        initdb += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(
            dying_with_its_parent(initdb, user=self._account),
            cwd=self.socket_folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        self.program.start()
        self.program.wait_until(self.answers, within=20, what="PostgreSQL answers")

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url()):
            return True
        return False

    def stop(self) -> None:
        """Ends every session at once: nothing here is kept."""
        self.program.stop(number=signal.SIGQUIT)

    def create_database(self, name: str, *, template: str = "template1") -> str:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return self.url(name)


def unprivileged_account() -> str | None:
    """PostgreSQL refuses root, so `postgres` or `nobody` runs it then."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextlib.contextmanager
def temporary_cluster(options: Sequence[str] = FAST) -> Iterator[Cluster]:
    # A socket's path has room for a hundred characters: the usual temporary folder may be deeper.
    short = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - mkdtemp makes a private one
    folder = Path(tempfile.mkdtemp(prefix="itsm-pg-", dir=short))
    cluster = Cluster(folder, options)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
