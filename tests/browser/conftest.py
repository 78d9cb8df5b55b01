"""A real browser at the running service."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from config.services.leftovers import BASE_DIR
from config.services.stack import Stack
from tests.shop import Shop, shop_at

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
on_desk_and_phone = pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
# Kept after the tests, to be looked at.
SCREENSHOTS = BASE_DIR / "artefacts" / "screenshots"
# Generous: the machine may be busy with other tests' processes.
TIMEOUT_MS = 40_000


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return Debian's browser. Where continuous integration asks for it, its absence is a failure."""
    program = shutil.which("chromium")
    if program is None:
        assert not os.environ.get("TALLY_BROWSER_REQUIRED"), "there is no chromium"
        pytest.skip("there is no chromium on this machine")
    return Path(program)


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, in which Django refuses to work: it must end with the module.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shop(stack: Stack) -> Iterator[Shop]:
    with shop_at(stack) as shop:
        yield shop


class Visit:
    """A page, everything that went wrong on it, and every address that it asked."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.mishaps: list[str] = []
        self.elsewhere: list[str] = []
        page.set_default_timeout(TIMEOUT_MS)
        page.on("pageerror", lambda error: self.mishaps.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("request", lambda request: self._asked(request.url))

    def keep_screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        words = re.findall(r"[a-z0-9]+", name.removeprefix("test_"))
        self.page.screenshot(path=SCREENSHOTS / f"{'-'.join(words)}.png", full_page=True)

    def overflow_px(self) -> int:
        """Return by how much the page is wider than the window."""
        width = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return int(width)

    def _note(self, kind: str, text: str) -> None:
        # The browser itself reports each refused or lost request; what the page makes of it is the test's matter.
        if kind == "error" and not text.startswith("Failed to load resource:"):
            self.mishaps.append(text)
        elif "Content Security Policy" in text:
            self.mishaps.append(text)  # of whatever kind

    def _asked(self, url: str) -> None:
        if not url.startswith((self.base_url, "data:", "blob:")):
            self.elsewhere.append(url)


@pytest.fixture
def window() -> ViewportSize:
    """Return the size of the window; a test marked with `on_desk_and_phone` is run in two."""
    return DESK


@pytest.fixture
def visit(request: pytest.FixtureRequest, browser: Browser, stack: Stack, window: ViewportSize) -> Iterator[Visit]:
    """Come to the service; leave without a script error, and without having asked anybody else's server."""
    with browser.new_context(base_url=stack.base_url, viewport=window) as context:
        visit = Visit(context.new_page(), stack.base_url)
        yield visit
        visit.keep_screenshot(request.node.name)
        assert visit.mishaps == []
        assert visit.elsewhere == []
