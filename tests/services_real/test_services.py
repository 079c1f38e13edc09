"""The helpers that start real services do what the tests with them rely on."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
import redis

from itsm.timers.models import Heartbeat
from scripts.portal_programs import Broker
from scripts.processes import LOOPBACK, NotStarted, Program, accepts_connections, wait_until
from tests.services.alertmanager import running_alertmanager, webhook_config
from tests.services.browser import accessibility_faults
from tests.services.portal import Portal

PAGE = "data:text/html,<html lang=en><title>t</title><main><h1>Hello</h1>{}</main>"


@pytest.fixture
def webhook():
    """An address that takes what is posted to it, and the list of what came."""
    received: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments):
            """Nothing on the screen."""

    with HTTPServer((LOOPBACK, 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_port}/", received
        server.shutdown()
        thread.join()


def test_redis_comes_back_after_a_kill(redis_server: Broker):
    redis_server.program.kill()
    assert not accepts_connections(redis_server.port)
    redis_server.start()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()


def test_alertmanager_delivers_to_a_webhook(webhook):
    url, received = webhook
    with running_alertmanager(webhook_config(url)) as alertmanager:
        alertmanager.post_alerts([{"labels": {"alertname": "DiskFull", "severity": "critical"}}])
        wait_until(lambda: received, within=20, what="the alert arrives")
    assert b"DiskFull" in received[0]


def test_portal_answers_and_its_timers_are_swept(portal: Portal):
    assert httpx.get(f"{portal.url}/healthz").status_code == 200
    portal.wait_until(Heartbeat.objects.filter(name="timers.sweep").exists, what="a sweep")


def test_killed_worker_comes_back_to_work(portal: Portal):
    portal.kill("worker")
    Heartbeat.objects.all().delete()
    portal.restart("worker")
    portal.wait_until(Heartbeat.objects.filter(name="timers.sweep").exists, what="a sweep")


def test_browser_sees_script_errors_and_accessibility_faults(page):
    page.goto(PAGE.format("<p>fine</p>"))
    assert accessibility_faults(page) == []
    page.goto(PAGE.format("<img src='data:,'>"))
    assert "image-alt" in accessibility_faults(page)[0]


def test_program_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path):
    program = Program("broken", ["sh", "-c", "echo no such port; exit 3"], log=tmp_path / "log")
    program.start()
    with pytest.raises(NotStarted, match="broken ended with 3\nno such port"):
        program.wait_until(lambda: False, within=10, what="it answers")


def test_program_takes_its_children_along(tmp_path: Path):
    program = Program("family", ["sh", "-c", "sleep 600 & echo $!; wait"], log=tmp_path / "log")
    program.start()
    program.wait_until(lambda: program.last_words().strip(), within=10, what="the child runs")
    child = Path("/proc") / program.last_words().strip()
    assert child.exists()
    program.kill()
    wait_until(lambda: not child.exists(), within=5, what="the child is gone")
