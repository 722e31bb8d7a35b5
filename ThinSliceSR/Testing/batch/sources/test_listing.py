"""Lists are read as editors and spreadsheets save them."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest
from ThinSliceSRLib.engine.batch.sources.listing import listed_paths
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.errors import UnusableInput

NAMES = ("a.nrrd", "Müller.nrrd", "zwei, drei.nrrd", "ß (2).nrrd")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    (tmp_path / "scans").mkdir()
    for name in NAMES:
        (tmp_path / "scans" / name).touch()
    return tmp_path


def names_in(listing: Path) -> list[str]:
    paths = listed_paths(listing)
    assert all(path.exists() for path in paths)
    return [path.name for path in paths]


TABLES = {
    "semicolons": "input;comment\nscans/a.nrrd;ok\nscans/Müller.nrrd;schön\n",
    "tabs": "comment\tinput\nok\tscans/a.nrrd\nschön\tscans/Müller.nrrd\n",
    "commas": "input,comment\nscans/a.nrrd,ok\nscans/Müller.nrrd,schön\n",
    "told": "sep=;\ninput;comment\nscans/a.nrrd;ok\nscans/Müller.nrrd;schön\n",
    "told in quotes": '"sep=;"\ninput;comment\nscans/a.nrrd;ok\nscans/Müller.nrrd;schön\n',
    "told in a row": "SEP=;;\ninput;comment\nscans/a.nrrd;ok\nscans/Müller.nrrd;schön\n",
    "told tabs": "sep=\t\ninput\tcomment\nscans/a.nrrd\tok\nscans/Müller.nrrd\tschön\n",
    "told wrongly": "sep=;\ninput,comment\nscans/a.nrrd,ok\nscans/Müller.nrrd,schön\n",
    "told without titles": "sep=|\nscans/a.nrrd|ok\nscans/Müller.nrrd|schön\n",
    "decimal commas": "scans/a.nrrd;5,0\nscans/Müller.nrrd;2,5\n",
    "other titles": "Nummer;Datei;Dicke\n1;scans/a.nrrd;5,0\n2;scans/Müller.nrrd;2,5\n",
    "quoted": '"input";"comment"\n"scans/a.nrrd";"so; so"\n"scans/Müller.nrrd";"""schön"""\n',
    "of Windows": "input;comment\r\nscans\\a.nrrd;ok\r\nscans\\Müller.nrrd;schön\r\n",
    "names of folders": "patient;where\nscans;scans/a.nrrd\n.;scans/Müller.nrrd\n",
    "a title above": "Schöne CT 2024\n\nid;path\n1;scans/a.nrrd\n2;scans/Müller.nrrd\n",
    "a title above no header": "Schöne CT 2024;\nNummer;Datei\n1;scans/a.nrrd\n2;scans/Müller.nrrd\n",
    "a header on every page": "input;comment\nscans/a.nrrd;ok\ninput;comment\nscans/Müller.nrrd;schön\n",
    "lines in a cell": 'input;comment\nscans/a.nrrd;"schön\n\n# 2."\nscans/Müller.nrrd;5" slices\n',
    "quotes in a comment": '# so; "so\ninput;comment\nscans/a.nrrd;ok\nscans/Müller.nrrd;schön\n',
    "blank lines": "input;comment\n\n;\nscans/a.nrrd;ok\n# scans/ß (2).nrrd;no\nscans/Müller.nrrd;schön\n",
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")


@pytest.mark.parametrize(("table", "encoding", "suffix"), itertools.product(TABLES, ENCODINGS, (".csv", ".txt")))
def test_tables_of_spreadsheets_are_understood(table: str, encoding: str, suffix: str, scans: Path):
    listing = scans / f"list{suffix}"
    listing.write_bytes(TABLES[table].encode(encoding))
    assert names_in(listing) == ["a.nrrd", "Müller.nrrd"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("suffix", [".txt", ".lst", ".csv"])
def test_plain_lists_keep_what_looks_like_a_delimiter(suffix: str, encoding: str, scans: Path):
    listing = scans / f"list{suffix}"
    listing.write_bytes("".join(f"scans/{name}\r\n" for name in NAMES).encode(encoding))
    assert names_in(listing) == list(NAMES)


def test_addresses_of_files_and_quotes_are_understood(scans: Path):
    listing = scans / "list.txt"
    listing.write_text(f'file://{scans}/scans/M%C3%BCller.nrrd\n"scans/a.nrrd"\n{scans}/scans/a.nrrd\n')
    assert names_in(listing) == ["Müller.nrrd", "a.nrrd", "a.nrrd"]


@pytest.mark.parametrize("suffix", [".txt", ".csv"])
def test_a_file_that_is_missing_is_no_title(suffix: str, scans: Path):
    listing = scans / f"list{suffix}"
    listing.write_text("scans/gone.nrrd\nscans/a.nrrd\n")
    assert [path.name for path in listed_paths(listing)] == ["gone.nrrd", "a.nrrd"]
    sources = sources_at(listing, Path("/nowhere"), None)
    assert [source.name for source in sources] == ["gone", "a"]


@pytest.mark.parametrize("content", [b"\x00\x01\x02\xff\xfe\x00" * 50, bytes(range(256)), b"a.nrrd\0\n"])
def test_what_is_no_text_is_refused(content: bytes, tmp_path: Path):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(UnusableInput):
        sources_at(tmp_path / "list.csv", Path("/nowhere"), None)


@pytest.mark.parametrize("gone", [1, 60])
@pytest.mark.parametrize("delimiter", ",;")
def test_missing_files_are_told_by_their_names(delimiter: str, gone: int, scans: Path):
    names = [f"gone{number}" for number in range(gone)] + ["a"] * (gone > 1)
    rows = [f"{number}{delimiter}scans/{name}.nrrd\n" for number, name in enumerate(names)]
    (scans / "list.csv").write_text("".join([f"Nummer{delimiter}Datei\n", *rows]))
    assert [source.name for source in sources_at(scans / "list.csv", Path("/nowhere"), None)] == names


@pytest.mark.parametrize(
    "rows",
    [
        'scans/a.nrrd;"5 mm\nscans/Müller.nrrd;ok\n',
        'scans/a.nrrd;"5 mm\nscans/Müller.nrrd;"ok\n',
        'scans/a.nrrd;"5 mm\nscans/Müller.nrrd;ok"\n',
        'scans/a.nrrd;"5 mm\nno folder;ok\n',
        f"scans/a.nrrd;{'y' * (csv.field_size_limit() + 1)}\n",
    ],
)
def test_rows_within_a_cell_are_not_lost(rows: str, scans: Path):
    (scans / "list.csv").write_text(f"input;comment\n{rows}", encoding="utf-8")
    with pytest.raises(UnusableInput, match=r"A quote in .* is left open"):
        sources_at(scans / "list.csv", Path("/nowhere"), None)


def test_what_is_no_list_says_what_is(scans: Path):
    (scans / "list.xlsx").touch()
    (scans / "all.tsv").write_text("list.txt\n")
    (scans / "list.txt").write_text("scans/a.nrrd\n")
    with pytest.raises(UnusableInput, match=r"save it as \.csv"):
        sources_at(scans / "list.xlsx", Path("/nowhere"), None)
    (source,) = sources_at(scans / "all.tsv", Path("/nowhere"), None)
    assert source.problem == ("not_readable", "It is a list itself; put its lines into this one.")


@pytest.mark.parametrize("content", ["", "\n", "# nothing\n", "sep=;\n"])
def test_an_empty_list_holds_nothing(content: str, tmp_path: Path):
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(UnusableInput, match="holds no volume file"):
        sources_at(tmp_path / "list.csv", Path("/nowhere"), None)
