"""Lists of paths, one on each line, as editors and spreadsheets save them."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ...addresses import without_secrets
from ...errors import MissingLibrary, UnusableInput
from ...files.reading import READERS

LIST_SUFFIXES = (".txt", ".csv", ".tsv", ".lst")
PATH_COLUMNS = ("input", "path", "file")
DELIMITERS = ",;\t|"
TOLD_DELIMITER = re.compile(r'"?sep=([^\r\n])"?[,;|\s]*', re.IGNORECASE)
SAMPLE_LINES = 50
TITLE_ROWS = 5  # at most, the header among them
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def listed_paths(listing: Path) -> list[Path]:
    """The paths of a list; relative ones start at its folder, and `#` begins a comment.

    They stand in the column that a header calls input, path or file, else in that which names what is there, files
    before folders. Encoding and delimiter are found out; `sep=;` on the first line, as of Excel, tells the latter.
    Raises UnusableInput (`not_readable`) when it is no text or a quote in it is left open, OSError.
    """
    layouts = [layout for text in _texts(listing) for layout in _layouts(text, listing)]
    best = max(layouts, key=lambda layout: layout.worth)
    try:
        rows = _whole_rows(best.lines, best.delimiter, listing.parent)
    except csv.Error as error:
        raise UnusableInput(
            f"A quote in {listing} is left open, or one of its cells is too long; correct it, or save the paths alone, "
            "one per line.",
            "not_readable",
        ) from error
    above = rows[: best.first]  # which some programs repeat on every page
    texts = (row[best.column].strip() for row in rows[best.first :] if len(row) > best.column and row not in above)
    return [_place(text, listing.parent) for text in texts if text]


@dataclass(frozen=True)
class Layout:
    """One way to read a list: lines, the delimiter between their cells (None: each is a whole), the column of the
    paths, the first row with one, and what the column is worth, see `_worth`."""

    lines: list[str]
    delimiter: str | None
    column: int
    first: int
    worth: tuple[int, int, int]


def _layouts(text: str, listing: Path) -> list[Layout]:
    """All ways to read this text, the likeliest first."""
    lines = io.StringIO(text, newline=None).readlines()
    sample = [line for line in lines if not _is_left_out(line)][:SAMPLE_LINES]
    told = TOLD_DELIMITER.fullmatch(sample[0]) if sample else None
    if told:
        lines = lines[lines.index(sample[0]) + 1 :]
        sample = sample[1:]
    usual = [",", None] if listing.suffix.lower() == ".csv" else [None]
    likely = [told[1]] if told else _sniffed(sample)
    return [_layout(lines, sample, delimiter, listing.parent) for delimiter in (*likely, *usual, *DELIMITERS)]


def _layout(lines: list[str], sample: Sequence[str], delimiter: str | None, folder: Path) -> Layout:
    try:
        rows = _rows(sample, delimiter)
    except csv.Error:
        rows = []
    column, first = _path_column(rows, folder) if rows else (0, 0)
    return Layout(lines, delimiter, column, first, _worth(_column(rows[first:], column), folder))


def _texts(listing: Path) -> list[str]:
    """The text of a list, in each encoding that it may be in, the likeliest first."""
    content = listing.read_bytes()
    try:
        texts = [_unicode(content)]
    except UnicodeDecodeError:
        texts = _guessed(content)
    if not texts or "\0" in texts[0]:
        raise UnusableInput(f"{listing} is not a text file with one path per line.", "not_readable")
    return texts


def _unicode(content: bytes) -> str:
    """The text in UTF-8 or UTF-16. Raises UnicodeDecodeError when it is in neither."""
    if content.startswith(UTF_16):
        return content.decode("utf-16")
    first, second = content[::2].count(0), content[1::2].count(0)  # without a mark, zeros on one side tell UTF-16
    if max(first, second) > max(len(content) / 4, 4 * min(first, second)):
        return content.decode("utf-16-be" if first > second else "utf-16-le")
    return content.decode("utf-8-sig")


def _guessed(content: bytes) -> list[str]:
    """The text in each encoding that it may be in, if not in Unicode."""
    try:
        from charset_normalizer import from_bytes
    except ImportError as error:
        raise MissingLibrary(
            "Lists in this encoding need charset-normalizer; install it with: pip install charset-normalizer",
            "no_charset_normalizer",
        ) from error
    texts = [str(match) for match in from_bytes(content)]
    if texts:
        with suppress(UnicodeDecodeError):  # what Western spreadsheets write: a few letters alone do not show it
            texts.insert(1, content.decode("cp1252"))
    return texts


def _sniffed(lines: Sequence[str]) -> list[str]:
    try:
        return [csv.Sniffer().sniff("".join(lines), DELIMITERS).delimiter]
    except csv.Error:  # there is one column, or more than one delimiter would do
        return []


def _is_left_out(line: str) -> bool:
    """Whether a line is blank or a comment, unless it stands within a cell."""
    return not line.strip() or line.lstrip().startswith("#")


def _rows(lines: Sequence[str], delimiter: str | None) -> list[list[str]]:
    """The cells of each row. Raises csv.Error where one is too long."""
    if delimiter is None:
        return [[line.strip().strip('"')] for line in lines if not _is_left_out(line)]
    return [row for row, _ in _records(lines, delimiter)]


def _whole_rows(lines: Sequence[str], delimiter: str | None, folder: Path) -> list[list[str]]:
    """The rows. Raises csv.Error as well where a row takes several lines, but its quotes are wrong or one of its cells
    holds lines that name volumes: a quote that is left open takes the rows after it."""
    if max(map(len, lines), default=0) > csv.field_size_limit():
        raise csv.Error("a line too long for a row")
    if delimiter is None:
        return _rows(lines, delimiter)
    rows = []
    for row, taken in _records(lines, delimiter):
        if len(taken) > 1:
            next(csv.reader(taken, delimiter=delimiter, strict=True))
            inner = [text for cell in row for line in cell.splitlines()[1:] for text in line.split(delimiter)]
            if any(_worth(inner, folder)[:2]):
                raise csv.Error("rows within a cell")
        rows.append(row)
    return rows


def _records(lines: Sequence[str], delimiter: str) -> Iterator[tuple[list[str], Sequence[str]]]:
    """The cells of each row, and the lines that it takes: more than one where quotes hold line breaks."""
    rest = iter(lines)
    at = 0
    for line in rest:
        taken = 1
        if not _is_left_out(line):
            reader = csv.reader(itertools.chain([line], rest), delimiter=delimiter)
            row = next(reader)
            taken = reader.line_num
            if any(row):
                yield row, lines[at : at + taken]
        at += taken


def _path_column(rows: Sequence[Sequence[str]], folder: Path) -> tuple[int, int]:
    """In which column of a table the paths stand, and in which row they begin."""
    for number, row in enumerate(rows[:TITLE_ROWS]):
        titles = [title.strip().lower() for title in row]
        known = [title for title in PATH_COLUMNS if title in titles]
        above = list(itertools.chain(*rows[:number]))  # the title of the whole table, perhaps
        if known and (not above or (len(row) > 1 and not any(_worth(above, folder)[:2]))):
            return titles.index(known[0]), number + 1

    column = max(range(max(map(len, rows))), key=lambda column: _worth(_column(rows, column), folder))
    first = next((number for number, row in enumerate(rows) if len(row) > column and row[column].strip()), 0)
    title = "".join(_column(rows[: first + 1], column))
    # What may be the path of a file that is missing is no title.
    is_title = any(_worth(_column(rows[first + 1 :], column), folder)[:2]) and not set(title) & set("/\\.")
    return column, first + int(is_title and not os.path.exists(_place(title, folder)))


def _column(rows: Iterable[Sequence[str]], column: int) -> list[str]:
    return [row[column] for row in rows if len(row) > column]


def _worth(texts: Iterable[str], folder: Path) -> tuple[int, int, int]:
    """How much speaks for these texts being the paths of volumes, whichever is told first weighing the most.

    How many of them are there (a file counts for two, as folders may be called after patients, who have a column of
    their own), how many end as volume files do, and how many lead into folders. What is told twice counts once.
    """
    texts = {text.strip() for text in texts} - {""}
    places = [_place(text, folder) for text in texts]
    return (
        sum(os.path.exists(place) + os.path.isfile(place) for place in places),
        sum(text.lower().endswith(tuple(READERS)) for text in texts),
        sum("/" in text or "\\" in text for text in texts),
    )


def _place(text: str, folder: Path) -> Path:
    """What a text of the list names, whichever system wrote it."""
    text = text.strip()
    if text.lower().startswith("file:"):
        with suppress(ValueError):  # of an address that is none
            text = url2pathname(urlsplit(text).path)
    place = folder / without_secrets(text)
    if os.sep == "/" and "\\" in text and not os.path.lexists(place):
        place = folder / text.replace("\\", "/")
    return place
