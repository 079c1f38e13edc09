"""Files as they come: packed, with byte-order mark, semicolons, quotes, in other encodings."""

import gzip
import lzma
from pathlib import Path

import pytest

from incidents.imports.problems import Unusable
from incidents.imports.reading import Table


def written(folder: Path, content: bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("pack", [lambda raw: raw, gzip.compress, lzma.compress])
def test_packing_is_told_by_content_whatever_the_name(tmp_path, pack):
    table = Table(written(tmp_path, pack(b"a,b\n1,2\n"), "export.dat"))
    assert table.header == ["a", "b"]
    assert list(table) == [(2, ["1", "2"])]


def test_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    assert Table(written(tmp_path, b"\xef\xbb\xbfnumber,b\n")).header == ["number", "b"]


def test_semicolons_are_found_by_the_header(tmp_path):
    table = Table(written(tmp_path, b"a;b\n1,5;2\n"))
    assert list(table) == [(2, ["1,5", "2"])]


def test_quotes_may_hold_delimiters_and_line_ends_and_lines_are_counted(tmp_path):
    table = Table(written(tmp_path, b'a,b\n"x, ""y""\nz",1\n\nlast,2\n'))
    assert list(table) == [(2, ['x, "y"\nz', "1"]), (5, ["last", "2"])]


def test_line_separators_of_unicode_do_not_end_a_row(tmp_path):
    table = Table(written(tmp_path, "a,b\none\u2028two,2\n".encode()))
    assert list(table) == [(2, ["one\u2028two", "2"])]


def test_windows_line_ends(tmp_path):
    assert list(Table(written(tmp_path, b"a,b\r\n1,2\r\n"))) == [(2, ["1", "2"])]


def test_nul_is_replaced(tmp_path):
    assert list(Table(written(tmp_path, b"a,b\n1\0,2\n"))) == [(2, ["1\ufffd", "2"])]


def test_another_encoding_is_refused_with_line_byte_and_advice(tmp_path):
    path = written(tmp_path, "a,b\n1,2\nnaïve,3\n".encode("cp1252"))
    with pytest.raises(Unusable, match=r"line 3, byte 3 \(0xEF\).*--encoding cp1252"):
        list(Table(path))


def test_another_encoding_is_read_when_named(tmp_path):
    path = written(tmp_path, "a\nnaïve\n".encode("cp1252"))
    assert list(Table(path, "cp1252")) == [(2, ["naïve"])]


def test_utf16_is_recognised_and_named(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n".encode("utf-16"))
    with pytest.raises(Unusable, match="--encoding utf-16"):
        Table(path)
    assert list(Table(path, "utf-16")) == [(2, ["1", "2"])]


@pytest.mark.parametrize("content", [b"", b"\n\n", b",,\n"])
def test_a_file_without_header_is_refused(tmp_path, content):
    with pytest.raises(Unusable, match="header"):
        Table(written(tmp_path, content))


def test_a_column_twice_is_refused(tmp_path):
    with pytest.raises(Unusable, match="number more than once"):
        Table(written(tmp_path, b"number,x,number\n"))


def test_a_file_cut_off_is_refused(tmp_path):
    rows = b"".join(b"%d,%d\n" % (n, n * n) for n in range(20_000))
    path = written(tmp_path, lzma.compress(b"a,b\n" + rows)[:-400])
    with pytest.raises(Unusable, match="damaged or cut off"):
        list(Table(path))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(Unusable, match="cannot be read"):
            Table(path)


def test_an_unknown_encoding_is_refused(tmp_path):
    with pytest.raises(Unusable, match="no encoding “utf-9”"):
        Table(written(tmp_path, b"a\n"), "utf-9")


def test_a_quote_never_closed_is_a_problem_of_its_row(tmp_path):
    table = Table(written(tmp_path, b'a,b\n1,2\n3,"4\n5,6\n'))
    assert list(table) == [(2, ["1", "2"])]
    assert [(p.line, p.severity) for p in table.problems] == [(3, "error")]
    assert "never closed" in table.problems[0].reason


def test_text_after_a_quote_loses_one_row_only(tmp_path):
    table = Table(written(tmp_path, b'a,b\n"1"x,2\n3,4\n'))
    assert [cells for _, cells in table] == [["3", "4"]]
    assert [p.line for p in table.problems] == [2]
