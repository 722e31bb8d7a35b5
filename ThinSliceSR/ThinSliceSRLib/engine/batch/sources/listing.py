"""Lists of paths, one on each line, as editors and spreadsheets save them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ...addresses import without_user_info
from ...errors import MissingLibrary, UnusableInput

LIST_SUFFIXES = (".txt", ".csv", ".lst")
PATH_COLUMNS = ("input", "path", "file")
DELIMITERS = ",;\t|"
SAMPLE_LINES = 50
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def listed_paths(listing: Path) -> list[Path]:
    """The paths of a list; relative ones start at its folder, and `#` begins a comment.

    They stand in the column that a header calls input, path or file, else in that which names what is there. Encoding
    and delimiter are found out; `sep=;` on the first line, as Excel writes it, tells the latter.
    Raises UnusableInput (`not_readable`) when it is no text, OSError.
    """
    layouts = [layout for text in _texts(listing) for layout in _layouts(text, listing)]
    best = max(layouts, key=lambda layout: layout.paths_there)
    texts = (
        row[best.column].strip() for row in _rows(best.lines, best.delimiter)[best.first :] if len(row) > best.column
    )
    return [_place(text, listing.parent) for text in texts if text]


@dataclass(frozen=True)
class Layout:
    """One way to read a list: lines, the delimiter between their cells (None: each is a whole), the column of the
    paths, the first row with one, and how many of the first ones name what is there."""

    lines: list[str]
    delimiter: str | None
    column: int
    first: int
    paths_there: int


def _layouts(text: str, listing: Path) -> list[Layout]:
    """All ways to read this text, the likeliest first."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return [_layout(lines[1:], lines[0].strip()[4], listing.parent)]
    usual = [",", None] if listing.suffix.lower() == ".csv" else [None]
    return [_layout(lines, delimiter, listing.parent) for delimiter in (*_sniffed(lines), *usual, *DELIMITERS)]


def _layout(lines: list[str], delimiter: str | None, folder: Path) -> Layout:
    try:
        rows = _rows(lines[:SAMPLE_LINES], delimiter)
    except csv.Error:
        rows = []
    column, first = _path_column(rows, folder) if rows else (0, 0)
    there = sum(os.path.exists(_place(row[column], folder)) for row in rows[first:] if len(row) > column)
    return Layout(lines, delimiter, column, first, there)


def _texts(listing: Path) -> list[str]:
    """The text of a list, in each encoding that it may be in, the likeliest first."""
    content = listing.read_bytes()
    try:
        return [content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")]
    except UnicodeDecodeError:
        pass
    try:
        from charset_normalizer import from_bytes
    except ImportError as error:
        raise MissingLibrary(
            "Lists in this encoding need charset-normalizer; install it with: pip install charset-normalizer",
            "no_charset_normalizer",
        ) from error
    texts = [str(match) for match in from_bytes(content)]
    if not texts:
        raise UnusableInput(f"{listing} is not a text file with one path per line.", "not_readable")
    with suppress(UnicodeDecodeError):  # what Western spreadsheets write: a few letters alone do not show it
        texts.insert(1, content.decode("cp1252"))
    return texts


def _sniffed(lines: Sequence[str]) -> list[str]:
    try:
        return [csv.Sniffer().sniff("\n".join(lines[:SAMPLE_LINES]), DELIMITERS).delimiter]
    except csv.Error:  # there is one column, or more than one delimiter would do
        return []


def _rows(lines: Sequence[str], delimiter: str | None) -> list[list[str]]:
    if delimiter is None:
        return [[line.strip().strip('"')] for line in lines]
    return [row for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter) if any(row)]


def _path_column(rows: Sequence[Sequence[str]], folder: Path) -> tuple[int, int]:
    """In which column of a table the paths stand, and in which row they begin."""
    titles = [title.strip().lower() for title in rows[0]]
    for title in PATH_COLUMNS:
        if title in titles:
            return titles.index(title), 1

    def there(column: int) -> int:
        return sum(os.path.exists(_place(row[column], folder)) for row in rows if len(row) > column and row[column])

    column = max(range(len(rows[0])), key=there)
    title = rows[0][column]
    # What may be the path of a file that is missing is no title.
    is_title = there(column) > 0 and not set(title) & set("/\\.") and not os.path.exists(_place(title, folder))
    return column, int(is_title)


def _place(text: str, folder: Path) -> Path:
    """What a text of the list names, whichever system wrote it."""
    text = text.strip()
    if text.lower().startswith("file:"):
        text = url2pathname(urlsplit(text).path)
    place = folder / without_user_info(text)
    if os.sep == "/" and "\\" in text and not os.path.lexists(place):
        place = folder / text.replace("\\", "/")
    return place
