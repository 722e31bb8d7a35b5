"""The last step of a run: all that it writes gets its names together, or nothing of it is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Cancelled
from ..events.progress import Reporter
from ..files.writing import PendingOutputs, check_places, require_geometry
from ..outputs.disk_space import packed_bytes
from ..volumes.volume import Volume
from .preview import Preview, check_preview_target, remove_dead_previews

# `dicom_out` is imported where it is wanted: without it, nothing waits for pydicom.
if TYPE_CHECKING:
    from ..dicom_out.pending_series import PendingSeries
    from ..doubt.structures import Structure
    from .job import Job
    from .making import MadeVolume
    from .plan import RunPlan

IN_DICOM = ("dls", "bis", "doubt")


class RunOutputs(PendingOutputs):
    """The volumes, DICOM series and preview of a job: they get their names, and the preview stays, together.

    with RunOutputs(job) as outputs:
        outputs.accept(source)
        outputs.write_all(results, reporter)

    After any exception in the block nothing of them is left, and what they were to replace is there.
    targets: where which volume goes.
    """

    def __init__(self, job: Job) -> None:
        """Checks, before any work, whatever can be checked without the input.

        Raises as `check_targets` and `check_preview_target`, or ThinSliceError (`no_highdicom`).
        """
        super().__init__(job.overwrite, job.compressed)
        self._job = job
        self._series: PendingSeries | None = None
        self._preview: Preview | None = None
        wanted = {"dls": job.output, "bis": job.bicubic, "doubt": job.doubt, "difference": job.difference}
        self.targets: dict[str, Path] = {kind: path for kind, path in wanted.items() if path}
        self.claim(self.targets.values(), job.source)
        if job.places:
            check_places([job.places, *self.targets.values()], job.overwrite)
        remove_dead_previews(target.parent for target in self.targets.values())
        if job.preview:
            check_preview_target(job.preview)
        if job.dicom_out and job.doubt:
            from ..dicom_out.beside_dls import require_highdicom

            require_highdicom()

    @property
    def places(self) -> dict[str, str]:
        """The path of each output, by what it is."""
        dicom = {"dicom": self._job.dicom_out} if self._job.dicom_out else {}
        return {kind: str(path) for kind, path in {**self.targets, **dicom}.items()}

    def accept(self, source: Volume) -> None:
        """Returns when results of this input can be written; also reads what DICOM series take over from it.

        Raises as `require_geometry` and `PendingSeries`.
        """
        require_geometry(self.targets.values(), source)
        if self._job.dicom_out:
            from ..dicom_out.pending_series import DicomOutput, PendingSeries

            wanted = DicomOutput(self._job.dicom_out, self._job.dicom_compression, self._job.anonymous)
            others = (self._job.source, *self.targets.values(), *([self._job.places] if self._job.places else []))
            self._series = PendingSeries(wanted, source, self.overwrite, apart_from=others)

    def needs(self, plan: RunPlan) -> list[tuple[Path, int]]:
        """The folders that are written into, and how many bytes at least."""
        job, voxels = self._job, plan.voxels()
        needs = [(target.parent, packed_bytes(voxels, self.compressed)) for target in self.targets.values()]
        if job.preview:
            needs.append((job.preview.parent, packed_bytes(plan.voxels(native=True), compressed=False)))
        if job.dicom_out:
            size = packed_bytes(voxels, job.dicom_compression != "none")
            needs += [(job.dicom_out, size) for kind in ("dls", "bis") if kind in self.targets]
            if job.doubt:  # a Parametric Map, of 4 bytes a voxel
                needs.append((job.dicom_out, 2 * packed_bytes(voxels, compressed=False)))
        return needs

    def start_preview(self, first_look: Volume, axis: int, header: dict[str, str]) -> None:
        """Shows `first_look`, whose slices lie along `axis`, under the preview's name. Raises CannotWrite."""
        assert self._job.preview
        with self._lock:
            if self._discarded:  # by another thread: what is begun now would stay
                raise Cancelled
            self._preview = Preview(self._job.preview, axis)
            self._preview.create(first_look, header)
        self._preview.fill(first_look)
        if self._discarded:  # while it was being written, when Windows removes no file
            self._preview.discard()
            raise Cancelled

    def show(self, first_slice: int, hu: np.ndarray) -> None:
        """Puts finished slices into the preview, if there is one; see `Preview.show`."""
        if self._preview:
            self._preview.show(first_slice, hu)

    def write_all(self, results: Sequence[MadeVolume], reporter: Reporter, places: Sequence[Structure] = ()) -> None:
        """Writes the volumes and, if it is wanted, the list of places; and, if DICOM is wanted, all but the difference
        once more as series, and a report of the places if there are any.

        Raises as `PendingOutputs.write`, `list_file`, `PendingSeries.write` and `PendingSeries.write_report`.
        """
        in_dicom = [result for result in results if result.kind in IN_DICOM] if self._series else []
        self.steps = len(results) + len(in_dicom)
        for step, result in enumerate(results):
            reporter.progress("write", step, self.steps)
            self.write(result.volume, self.targets[result.kind], result.header)
        if self._job.places:
            from ..doubt.structure_list import list_file

            self.write_text(list_file(places, self._job.places), self._job.places)
        for step, result in enumerate(in_dicom, start=len(results)):
            from ..dicom_out.derivation import derivation_of

            reporter.progress("write", step, self.steps)
            assert self._series
            self._series.write(result.volume, derivation_of(result.header))
        if self._series and places:
            self._series.write_report(places)

    def ready(self) -> dict[Path, Path]:
        return super().ready() | (self._series.ready() if self._series else {})

    def discard(self) -> None:
        super().discard()
        if self._series:
            self._series.discard()
        if self._preview:
            self._preview.discard()

    def _put_in_place(self) -> None:
        super()._put_in_place()
        if self._preview:
            self._preview.keep()
