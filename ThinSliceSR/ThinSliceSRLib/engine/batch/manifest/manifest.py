"""The manifest of a batch: a row per volume in an SQLite file, which a kill at any moment leaves whole."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType

from ...errors import UnusableInput
from ...outputs.replacing import PendingFiles, writing_refusal
from .row import Row, row_of
from .tables import CSV_NAME, JSON_NAME, no_manifest, rows_of_table, write_tables

RECORD_NAME = "manifest.sqlite"
OURS = 0x54534D31  # the file's application_id
FORM = 1  # its user_version
WAIT_S = 60
COLUMNS = [item.name for item in fields(Row)]
LISTS = [item.name for item in fields(Row) if str(item.type).startswith("list")]
TYPES = {"float | None": "REAL", "int | None": "INTEGER"}


class Manifest:
    """The rows in `folder`. What `put` has taken in stays, whatever ends the process. For people and programs the same
    is written as tables, at the end of the `with` block or by `write_tables`.

    with Manifest(folder) as manifest:
        manifest.put([row])
    """

    def __init__(self, folder: Path) -> None:
        """Takes over the table of a former version where there is no record yet.

        Raises UnusableInput (`manifest`) when what is there cannot be understood, CannotWrite.
        """
        self._folder = folder
        self._changed = False
        self.path = folder / CSV_NAME
        record = folder / RECORD_NAME
        with self._told():
            if not record.exists():
                _make_record(record, rows_of_table(folder))
            self._record = _connected(record, "rw")
            try:
                if _marks(self._record) != (OURS, FORM):
                    raise no_manifest(record)
                _add_new_columns(self._record)
            except BaseException:
                self._record.close()
                raise

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._changed:
                self.write_tables()
        finally:
            with suppress(sqlite3.Error):  # what is taken in stands in the record, closed or not
                self._record.close()

    def put(self, rows: Iterable[Row]) -> None:
        """Takes rows in, each instead of the former one of its volume: all of them, or none. Raises CannotWrite."""
        with self._told(), _at_once(self._record):
            self._changed = True
            _take_in(self._record, rows)

    def row(self, key: str) -> Row | None:
        """The row of the volume with this key (`Source.key`), if there is one."""
        return next(self._found("WHERE key = ?", _storable(key)), None)

    def owner_of(self, name: str) -> str | None:
        """The key of the volume whose results bear this name, on disks that tell no case apart."""
        query = "SELECT key FROM volumes WHERE folded_name = ? ORDER BY rowid LIMIT 1"
        with self._told():
            found = self._record.execute(query, (name.casefold(),)).fetchone()
        return found[0] if found else None

    def rows(self) -> Iterator[Row]:
        """All rows, in the order in which their volumes were first known."""
        return self._found("ORDER BY volumes.rowid")

    def write_tables(self) -> None:
        """Writes manifest.csv and manifest.json anew. Raises CannotWrite."""
        write_tables(self.rows(), self._folder)
        self._changed = False

    def _found(self, which: str, *values: str) -> Iterator[Row]:
        with self._told():
            for found in self._record.execute(f"SELECT {', '.join(COLUMNS)} FROM volumes {which}", values):
                entry = dict(zip(COLUMNS, found, strict=True))
                try:
                    row = row_of({**entry, **{name: json.loads(entry[name]) for name in LISTS}})
                except (ValueError, TypeError) as error:
                    raise no_manifest(self._folder / RECORD_NAME) from error
                yield row

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite raises within the block, in plain words."""
        try:
            yield
        except sqlite3.OperationalError as error:
            number = errno.ENOSPC if "full" in str(error) else errno.EROFS if "readonly" in str(error) else errno.EIO
            raise writing_refusal(self._folder, OSError(number, str(error))) from error
        except sqlite3.Error as error:
            raise no_manifest(self._folder / RECORD_NAME) from error


def manifest_of(folder: Path) -> Manifest:
    """The manifest that a batch has left in `folder`. Raises UnusableInput (`no_manifest`) when there is none."""
    if not any((folder / name).is_file() for name in (RECORD_NAME, JSON_NAME)):
        raise UnusableInput(f"{folder} holds no manifest; give the destination of a batch.", "no_manifest")
    return Manifest(folder)


def _make_record(path: Path, rows: Iterable[Row]) -> None:
    """Makes the file, which appears when it is whole."""
    columns = ", ".join(f"{item.name} {TYPES.get(str(item.type), 'TEXT')}" for item in fields(Row))
    with PendingFiles() as files:
        part = files.part_of(path)
        try:
            with closing(_connected(part, "rwc")) as record:
                # In this mode, which the file keeps, a kill loses nothing that was taken in, and readers keep nobody
                # waiting.
                record.execute("PRAGMA journal_mode = WAL")
                with _at_once(record):
                    record.execute(f"CREATE TABLE volumes (key TEXT PRIMARY KEY, folded_name TEXT NOT NULL, {columns})")
                    record.execute("CREATE INDEX names ON volumes (folded_name)")
                    record.execute(f"PRAGMA application_id = {OURS}")
                    record.execute(f"PRAGMA user_version = {FORM}")
                    _take_in(record, rows)
        finally:
            with suppress(OSError):  # Windows holds what another program reads; the next run removes it
                _remove_beside(part)  # which stays where there is no room to take it into the file
        _remove_beside(path)  # of a record that is no more: SQLite would take them for those of this one


def _remove_beside(record: Path) -> None:
    """Removes what SQLite keeps beside a file in this mode. Raises OSError."""
    for ending in ("-wal", "-shm"):
        record.with_name(record.name + ending).unlink(missing_ok=True)


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    record = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", timeout=WAIT_S, isolation_level=None, uri=True)
    record.execute("PRAGMA synchronous = NORMAL")  # nobody waits for the disk at every row
    return record


def _marks(record: sqlite3.Connection) -> tuple[int, int]:
    """By which the file tells whose it is, and of which form."""
    [identity], [form] = (record.execute(f"PRAGMA {mark}").fetchone() for mark in ("application_id", "user_version"))
    return identity, form


def _take_in(record: sqlite3.Connection, rows: Iterable[Row]) -> None:
    names = ["key", "folded_name", *COLUMNS]
    places, news = ", ".join("?" * len(names)), ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    record.executemany(
        f"INSERT INTO volumes ({', '.join(names)}) VALUES ({places}) ON CONFLICT (key) DO UPDATE SET {news}",
        (_values(row) for row in rows),
    )


def _add_new_columns(record: sqlite3.Connection) -> None:
    """Gives a record that an earlier version made the columns for texts that came later, which are empty there."""

    def lacking() -> list[str]:
        there = {row[1] for row in record.execute("PRAGMA table_info(volumes)")}
        return [item.name for item in fields(Row) if item.default == "" and item.name not in there]

    if lacking():
        with _at_once(record):
            for name in lacking():  # asked again, as others may have done it meanwhile
                record.execute(f"ALTER TABLE volumes ADD COLUMN {name} TEXT DEFAULT ''")


@contextmanager
def _at_once(record: sqlite3.Connection) -> Iterator[None]:
    """What is written within the block stands as a whole after it, or not at all."""
    record.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        record.execute("ROLLBACK")
        raise
    record.execute("COMMIT")


def _values(row: Row) -> list[object]:
    entry = asdict(row)
    values = [json.dumps(value) if name in LISTS else value for name, value in entry.items()]
    stored = [_storable(value) if isinstance(value, str) else value for value in values]
    return [_storable(row.key), _storable(row.name).casefold(), *stored]


def _storable(text: str) -> str:
    """The text with \\udc.. for bytes of a path that are no letters: UTF-8 cannot hold them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
