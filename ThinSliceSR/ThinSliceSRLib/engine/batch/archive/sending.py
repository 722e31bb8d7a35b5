"""Derived series on their way back into the archive (STOW), until it says that it holds them."""

from __future__ import annotations

from pathlib import Path

import pydicom

from ..sources.source import Source
from .access import connected, plain_failures
from .failure import ANSWER, ArchiveFailure
from .fetching import held_instances

SENT_AT_ONCE = 40


def send_series(source: Source, folder: Path) -> list[str]:
    """Sends the DICOM files in `folder` into the study of `source`; returns the UIDs of their series.

    What the archive holds already, from a run before or from a request whose answer was lost, is not sent again, as
    some archives refuse that. The rest is, as long as that makes it fewer. Raises ArchiveFailure when some are left.
    """
    files: dict[str, Path] = {}
    series: dict[str, None] = {}
    for path in sorted(folder.rglob("*.dcm")):
        header = pydicom.dcmread(path, specific_tags=["SOPInstanceUID", "SeriesInstanceUID"], stop_before_pixels=True)
        files[str(header.SOPInstanceUID)] = path
        series[str(header.SeriesInstanceUID)] = None
    taken: set[str] = set()
    before, refusal = -1, None
    with connected(source.place) as client:
        while True:
            for uid in series:
                taken |= held_instances(client, source.study, uid)
            left = [uid for uid in files if uid not in taken]
            if not left:
                return list(series)
            if len(left) == before:
                raise ArchiveFailure(
                    f"The archive did not take {len(left)} of the derived slices; see its log."
                ) from refusal
            before = len(left)
            for first in range(0, len(left), SENT_AT_ONCE):
                datasets = [pydicom.dcmread(files[uid]) for uid in left[first : first + SENT_AT_ONCE]]
                try:
                    with plain_failures():
                        answer = client.store_instances(datasets, source.study)
                except ArchiveFailure as failure:
                    if failure.code != ANSWER:
                        raise
                    refusal = failure  # what it holds now tells whether that matters
                else:
                    taken |= {str(item.ReferencedSOPInstanceUID) for item in answer.get("ReferencedSOPSequence", [])}
