"""What the design promises and a reader of the code would not notice when it breaks."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string

from itsm.core import context
from itsm.portal import marks
from itsm.portal.gallery import gallery

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*.html") if "admin" not in path.parts
)
#: The admin theme has tokens of its own.
SHEETS = sorted(path for path in (ROOT / "static/css").glob("*.css") if path.name != "admin.css")
TOKENS = (ROOT / "static/css/tokens.css").read_text()

TONES = ("neutral", "active", "wait", "good", "late")
GROUNDS = (
    "page",
    "surface",
    "surface-sunken",
    "surface-raised",
    "surface-hover",
    "surface-selected",
    "surface-code",
    "tone-neutral-tint",
)
ON_EVERY_GROUND = [
    *((name, 4.5) for name in ("text", "text-muted", "text-faint", "link")),
    *((f"tone-{tone}-text", 4.5) for tone in TONES),
    *((f"tone-{tone}", 3) for tone in TONES),
    *((f"prio-{level}", 3) for level in range(5)),
    ("border-strong", 3),
    ("focus", 3),
]
PAIRS = [
    *((name, ground, least) for name, least in ON_EVERY_GROUND for ground in GROUNDS),
    *((f"tone-{tone}-text", f"tone-{tone}-tint", 4.5) for tone in TONES),
    *(("text", f"tone-{tone}-tint", 4.5) for tone in TONES),
    *((f"sev-{level}-text", f"sev-{level}", 4.5) for level in range(5)),
    ("accent-on", "accent", 4.5),
    ("accent-on", "accent-hover", 4.5),
    ("danger", "surface", 4.5),
    ("danger-on", "danger", 4.5),
    ("danger-on", "danger-hover", 4.5),
    ("ins-text", "ins", 4.5),
    ("del-text", "del", 4.5),
    ("text", "mark", 4.5),
]


def colours() -> dict[str, tuple[str, str]]:
    """Token → its colour in the light and in the dark theme."""
    both = r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);"
    one = r"--([\w-]+): (#\w{6});"
    found = {name: (light, dark) for name, light, dark in re.findall(both, TOKENS)}
    return found | {name: (colour, colour) for name, colour in re.findall(one, TOKENS)}


def linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_tokens_have_enough_contrast(theme):
    values = colours()
    weak = [
        (name, ground, round(contrast(values[name][theme], values[ground][theme]), 2))
        for name, ground, least in PAIRS
        if contrast(values[name][theme], values[ground][theme]) < least
    ]
    assert weak == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_sheet_names_only_tokens_that_exist(sheet):
    css = sheet.read_text()
    declared = set(re.findall(r"(--[\w-]+):", "".join(path.read_text() for path in SHEETS)))
    assert set(re.findall(r"var\((--[\w-]+)", css)) <= declared


@pytest.mark.parametrize(
    "sheet", [path for path in SHEETS if path.name != "tokens.css"], ids=lambda path: path.name
)
def test_sheet_holds_no_raw_colour(sheet):
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|(?:rgb|hsl|oklch)\(", sheet.read_text()) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_fits_the_content_policy(template):
    html = template.read_text()
    assert not re.search(r"\sstyle=", html)
    assert not re.search(r"\son\w+=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    assert "<style" not in html


def test_icons_named_anywhere_exist():
    known = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/img/icons.svg").read_text()))
    sources = [path.read_text() for path in TEMPLATES]
    named = {
        name
        for source in sources
        for name in re.findall(r'{% icon "([\w-]+)"|\sicon="([\w-]+)"', source)
        for name in name
        if name
    }
    named |= set(marks.EVENT_ICONS.values()) | {mark.icon for mark in marks.ALERTS.values()}
    named |= {mark.icon for mark in marks._MEANINGS}
    assert named - known == set()


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_page_needs_no_request_and_gives_its_reference(name):
    with context.use(request_id="0123456789abcdef"):
        html = render_to_string(f"{name}.html")
    assert 'id="problem"' in html
    assert "<dt>What is safe</dt>" in html
    assert "<dt>What to do</dt>" in html
    assert "0123456789abcdef" in html


@pytest.mark.parametrize("part", ["record", "lists", "forms"])
def test_gallery_shows_its_parts(rf, part):
    request = rf.get("/design/")
    request.user = AnonymousUser()
    html = gallery(request, part).content.decode()
    assert '<main class="main" id="main"' in html
    assert "{%" not in html
