"""What is left to do of each volume, by what the manifest and the destination tell of former runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from .. import ENGINE_VERSION
from ..outputs.file_names import file_name_of, short_hash
from .manifest.manifest import Manifest
from .manifest.row import Row
from .settings import Results, Settings, result_paths
from .sources.source import Source


@dataclass(frozen=True)
class Work:
    """A volume, where its results belong, and its row, whose state says what is left to do."""

    source: Source
    results: Results
    row: Row


@dataclass(frozen=True)
class Planner:
    """options: of this run, see `Settings.described`. in_archive: UIDs of the series that the archive holds.

    afresh: whether volumes are done again that are done, in the place of whatever bears the names of their results.
    """

    folder: Path
    settings: Settings
    options: str
    sends_back: bool
    in_archive: Collection[str]
    afresh: bool

    def plan(self, sources: Iterable[Source], manifest: Manifest) -> list[Work]:
        """The work on each source, in their order. Those that cannot be begun have failed."""
        given: dict[str, str] = {}  # by this run: the keys of volumes by the names of their results

        def owner_of(name: str) -> str | None:
            return given.get(name.casefold()) or manifest.owner_of(name)

        works = []
        for source in sources:
            former = manifest.row(source.key)
            own = former is not None and owner_of(former.name) == former.key
            name = former.name if former and own else _free_name(source, owner_of)
            given[name.casefold()] = former.key if former else source.key
            works.append(self._work(source, name, former))
        return works

    def _work(self, source: Source, name: str, former: Row | None) -> Work:
        results = result_paths(name, self.folder, self.settings, bool(source.series))
        if source.left_out:
            row = Row(source.place, name, "left_out", source.series, failure_code="left_out", failure=source.left_out)
            return Work(source, results, former if former and former.state in ("made", "done") else row)
        if former and not self.afresh and (state := self._state(source, former, results)) != "waiting":
            return Work(source, results, replace(former, state=state, failure_code="", failure=""))
        row = Row(source.place, name, series=source.series, engine_version=ENGINE_VERSION, options=self.options)
        problem = source.problem
        begun = former is not None and former.version  # a row without one only tells why it was not begun
        if not begun and not self.afresh and any(os.path.lexists(path) for path in results.paths):
            in_the_way = (
                f"{results.output.name} or another result is there, but not from a batch; move it away or allow "
                "overwriting (--overwrite)."
            )
            problem = problem or ("target_exists", in_the_way)
        if problem:
            return Work(source, results, replace(row, state="failed", failure_code=problem[0], failure=problem[1]))
        return Work(source, results, replace(row, version=source.version))

    def _state(self, source: Source, former: Row, results: Results) -> str:
        """`waiting`, `made` or `done`: as it was if that was the same volume done in the same way, and it stands."""
        same = (former.version, former.options) == (source.version, self.options) and source.version
        if former.state not in ("made", "done") or not same:
            return "waiting"
        if self.sends_back and former.sent and set(former.sent) <= set(self.in_archive):
            return "done"  # whether its files still are here or not
        if results.bytes() != former.bytes:
            return "waiting"
        return "made" if self.sends_back else "done"


def _free_name(source: Source, owner_of: Callable[[str], str | None]) -> str:
    """A name for its results: the volume's own or, where another volume has that, with a part of a hash."""
    name = file_name_of(source.name)
    others = (file_name_of(f"{name}-{short_hash(f'{source.key} {number}')}") for number in count())
    return next(free for free in chain([name], others) if owner_of(free) is None)
