"""A raw file with a detached header that shows a DLS volume while it is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .errors import CannotWrite, UnusableInput
from .volumes.volume import Volume

HEADER_SUFFIX = ".nhdr"


class Preview:
    """An NRRD header and its raw int16 values, which are replaced slice by slice while a viewer may read them.

    It starts as `first_look` (the BIS volume), whose slices lie along the axis `axis` (of i, j, k). The caller owns the
    two files: they stay when the run succeeds, and `discard` removes them when it does not.
    """

    def __init__(self, header_file: Path, first_look: Volume, axis: int) -> None:
        check_preview_target(header_file)
        self._files = (header_file, header_file.with_suffix(".raw"))
        self._shape = first_look.hu.shape
        self._slice_axis = 2 - axis
        try:
            first_look.hu.astype("<i2").tofile(self._files[1])
            header_file.write_text(_nrrd_header(first_look, self._files[1].name), encoding="ascii")
        except OSError as error:
            self.discard()
            raise CannotWrite(
                f"The preview cannot be written to {header_file.parent} ({error.strerror}); choose another folder."
            ) from error

    def show(self, first_slice: int, hu: np.ndarray) -> None:
        """Puts finished slices, ordered along the slice axis first, into the file.

        The file is open only meanwhile, so that it can be removed at any time on every system.
        """
        values = np.memmap(self._files[1], np.dtype("<i2"), mode="r+", shape=self._shape)
        np.moveaxis(values, self._slice_axis, 0)[first_slice : first_slice + len(hu)] = hu
        values.flush()

    def discard(self) -> None:
        """Removes both files."""
        for file in self._files:
            file.unlink(missing_ok=True)


def check_preview_target(header_file: Path) -> None:
    """Raises UnusableInput when a preview cannot have this name."""
    if header_file.suffix != HEADER_SUFFIX:
        raise UnusableInput(
            f"The preview {header_file.name} must be named *{HEADER_SUFFIX}; choose such a name.", "wrong_usage"
        )
    if not header_file.parent.is_dir():
        raise CannotWrite(f"The folder {header_file.parent} is not there; make it or choose another.")


def _nrrd_header(volume: Volume, raw_name: str) -> str:
    """A NRRD 4 header (teem.sourceforge.net/nrrd/format.html) for int16 values in a raw file beside it."""

    def vector(values) -> str:
        return "(" + ",".join(repr(float(value)) for value in values) + ")"

    axes = " ".join(vector(volume.direction[:, axis] * volume.spacing_mm[axis]) for axis in range(3))
    lines = (
        "NRRD0004",
        "type: int16",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(str(length) for length in volume.size)}",
        f"space directions: {axes}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: raw",
        f"space origin: {vector(volume.origin_mm)}",
        f"data file: {raw_name}",
    )
    return "\n".join(lines) + "\n\n"
