"""A real Prometheus Alertmanager with a configuration of the test's own."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from scripts.processes import LOOPBACK, Program, free_port
from tests.services.missing import program


class Alertmanager:
    def __init__(self, folder: Path, config: str) -> None:
        (folder / "config.yml").write_text(config)
        port = free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        self.program = Program(
            "alertmanager",
            [
                program("prometheus-alertmanager", "alertmanager"),
                f"--config.file={folder / 'config.yml'}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address={LOOPBACK}:{port}",
                "--cluster.listen-address=",
            ],
            log=folder / "log",
        )

    def start(self) -> None:
        self.program.start()
        self.program.wait_until(self.ready, within=20, what="Alertmanager is ready")

    def ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/-/ready", timeout=2).is_success
        return False

    def post_alerts(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Alerts as Prometheus sends them: labels, annotations, startsAt, endsAt."""
        httpx.post(f"{self.url}/api/v2/alerts", json=alerts, timeout=10).raise_for_status()


@contextlib.contextmanager
def running_alertmanager(config: str) -> Iterator[Alertmanager]:
    with tempfile.TemporaryDirectory(prefix="itsm-alertmanager-") as folder:
        alertmanager = Alertmanager(Path(folder), config)
        try:
            alertmanager.start()
            yield alertmanager
        finally:
            alertmanager.program.stop()


def webhook_config(url: str, *, token: str | None = None) -> str:
    """Everything goes to one webhook, grouped by alert name, without waiting."""
    credentials = f"http_config: {{authorization: {{credentials: {token}}}}}" if token else ""
    return f"""
route:
  receiver: portal
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: portal
    webhook_configs:
      - url: {url}
        send_resolved: true
        {credentials}
"""
