"""Text from outside: what cannot be stored, and Markdown that means harm."""

from html.parser import HTMLParser

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from itsm.core.text import render_markdown, storable, storable_json, validate_storable

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "![x](http://evil.test/pixel.gif)",
    "![x](javascript:alert(1))",
    '<a href="javascript:alert(1)">x</a>',
    "<iframe src=//evil.test></iframe>",
    "<style>*{display:none}</style>",
    "<p style='position:fixed;inset:0'>x</p>",
    "<form action=//evil.test><input name=password></form>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "`<script>`",
    '[x](http://a.test "onmouseover=alert(1)")',
    '[x](http://a.test "><script>alert(1)</script>")',
    "| a |\n|---|\n| <script>alert(1)</script> |",
]
ALLOWED = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "s", "del", "code"),
    *("pre", "blockquote", "ul", "ol", "li", "a"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


class Tags(HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.feed(str(html))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def harmless(html):
    for tag, attributes in Tags(html).found:
        assert tag in ALLOWED
        assert attributes.keys() <= {"href", "title", "rel", "start"}
        href = attributes.get("href") or ""
        assert (
            href == ""
            or href.startswith(("http:", "https:", "mailto:", "#", "/"))
            or ":" not in href
        )


@pytest.mark.parametrize("source", HOSTILE)
def test_hostile_markdown_becomes_harmless(source):
    harmless(render_markdown(source))


@given(st.text(alphabet=st.sampled_from("<>\"'=/ abijsx&;:[]()!`|\n-#*\t"), max_size=80))
def test_no_markdown_brings_a_tag_of_its_own(source):
    harmless(render_markdown(source))


def test_useful_markdown_stays():
    html = render_markdown(
        "# A\n\n**b** `c` [d](https://e.test)\n\n- x\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    for part in ("<h1>A</h1>", "<strong>b</strong>", "<code>c</code>", "<li>x</li>", "<td>1</td>"):
        assert part in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_what_no_database_stores_is_replaced():
    assert storable("a\x00b\ud800c") == "a\ufffdb\ufffdc"
    assert storable("grüße 🙂 \u200f") == "grüße 🙂 \u200f"
    value = {"k\x00": ["\x00", {"a": "\udfff"}], "n": 1, "t": True, "z": None}
    assert storable_json(value) == {
        "k\ufffd": ["\ufffd", {"a": "\ufffd"}],
        "n": 1,
        "t": True,
        "z": None,
    }


@given(st.text())
def test_storable_text_can_be_encoded(text):
    storable(text).encode()
    validate_storable(storable(text))


@pytest.mark.parametrize("text", ["a\x00", "\ud83d", "x\udfffy"])
def test_validator_refuses_with_a_sentence(text):
    with pytest.raises(ValidationError, match="cannot be stored"):
        validate_storable(text)
