"""Debian's Chromium, driven by Playwright; it also reports what a person would not see."""

import contextlib
from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

from tests.services.missing import program

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that asks another host gets no answer instead of a slow one.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@contextlib.contextmanager
def running_chromium() -> Iterator[Browser]:
    executable = program("chromium", "chromium-browser", "google-chrome", override="CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


class Complaints:
    """What the browser complained about on a page."""

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        page.on("pageerror", self._script_error)
        page.on("console", self._console)

    def _script_error(self, error: Error) -> None:
        self.found.append(f"script error: {error}")

    def _console(self, message: ConsoleMessage) -> None:
        # A page that answers 403 or 404 is an "error" on the console too: only refusals count.
        if message.type == "error" and "Content Security Policy" in message.text:
            self.found.append(message.text)


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds wrong: rule, impact and the places, one line each."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {[node['target'] for node in rule['nodes']]}"
        for rule in violations
    ]
