"""Word-level differences."""

from hypothesis import given
from hypothesis import strategies as st

from itsm.portal import differences

TEXTS = st.text(alphabet="ab <&\n.", max_size=60)


def test_words_marks_what_went_and_what_came():
    before, after = differences.words("force-start all instances", "force-start some instances")
    assert before == "force-start <del>all</del> instances"
    assert after == "force-start <ins>some</ins> instances"


def test_words_escapes_markup_of_the_text():
    before, after = differences.words("<b>", "<i>")
    assert before == "&lt;<del>b</del>&gt;"
    assert after == "&lt;<ins>i</ins>&gt;"


def test_rows_pairs_changed_lines_and_skips_long_stretches():
    old = "\n".join(["one", *"abcdefgh", "end"])
    new = "\n".join(["two", *"abcdefgh", "end", "more"])
    kinds = [(row.kind, row.skipped) for row in differences.rows(old, new)]
    assert kinds == [
        ("change", 0),
        ("same", 0),
        ("same", 0),
        ("gap", 5),
        ("same", 0),
        ("same", 0),
        ("change", 0),
    ]


def test_rows_very_long_line_is_one_change():
    row = differences.rows("a " * 5_000, "b " * 5_000)[0]
    assert row.before.startswith("<del>a a")
    assert row.after.startswith("<ins>b b")


@given(TEXTS, TEXTS)
def test_words_loses_nothing(old, new):
    from html import unescape

    before, after = differences.words(old, new)
    assert unescape(before.replace("<del>", "").replace("</del>", "")) == old
    assert unescape(after.replace("<ins>", "").replace("</ins>", "")) == new


@given(TEXTS)
def test_rows_of_equal_texts_hold_no_change(text):
    assert all(row.kind != "change" for row in differences.rows(text, text))
