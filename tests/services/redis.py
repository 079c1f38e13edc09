"""A real Redis as broker: can be killed and brought back on the same port."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.portal_programs import Broker
from tests.services.missing import program


@contextlib.contextmanager
def running_redis() -> Iterator[Broker]:
    """`broker.url` is for CELERY_BROKER_URL; `broker.program.kill()` and `broker.start()` again."""
    program("redis-server")
    with tempfile.TemporaryDirectory(prefix="itsm-redis-") as folder:
        broker = Broker(Path(folder), log=Path(folder) / "log")
        try:
            broker.start()
            yield broker
        finally:
            broker.program.stop()
