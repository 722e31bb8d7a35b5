"""Writes a volume for the worker piece by piece, while the GUI goes on answering."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import slicer

from ...engine.errors import ThinSliceError
from ...engine.files.nrrd_file import nrrd_header
from ..scene.volume_nodes import cannot_write, require_room, volume_of
from .piecework import Piecework

# One piece is written in a few milliseconds.
PIECE_BYTES = 4_000_000
# What the format calls the types of numpy that are stored with the bytes of little endian.
NRRD_TYPES = {"float32": "float", "float64": "double"}


class VolumeWriting:
    """Writes the node's voxels and geometry, and nothing else of it, to an uncompressed .nrrd file.

    The voxels are those of the moment when it begins, as long as nobody writes into the same memory.
    """

    def __init__(
        self,
        node: slicer.vtkMRMLScalarVolumeNode,
        path: Path,
        on_written: Callable[[], None],
        on_failed: Callable[[Exception], None],
        entries: Mapping[str, str] | None = None,
    ) -> None:
        """on_written, on_failed: one of them is told, later and once, but not after `stop`.

        entries: further ones of the file's header.

        Raises UnusableInput as `volume_of`, or CannotWrite as `require_room`.
        """
        volume = volume_of(node)
        require_room(path.parent, volume.hu.nbytes)
        self._path = path
        name = volume.hu.dtype.name
        # The header depends on the values by their type and number alone.
        header = nrrd_header(replace(volume, hu=np.broadcast_to(np.int16(0), volume.hu.shape)), entries or {}, "raw")
        self._header = header.replace("type: int16", f"type: {NRRD_TYPES.get(name, name)}", 1).encode()
        self._values = volume.hu.astype(volume.hu.dtype.newbyteorder("<"), copy=False)
        self._next = 0

        def failed(error: Exception) -> None:
            with suppress(OSError):  # what could not be written need not be there
                path.unlink()
            on_failed(_in_words(error))

        self._work = Piecework(self._write(), lambda _nothing: on_written(), failed)

    def stop(self) -> None:
        """Ends it. PythonQt keeps this object for the session, so it must not keep the volume."""
        self._work.stop()
        self._values = np.empty((0, 0, 0))

    def _write(self) -> Generator[None, None, None]:
        while not self._write_piece():
            yield
        self._values = np.empty((0, 0, 0))

    def _write_piece(self) -> bool:
        """Whether the last piece was written with it. Raises OSError."""
        piece = max(1, PIECE_BYTES // self._values[0].nbytes)
        stop = min(self._next + piece, len(self._values))
        with self._path.open("ab") as file:
            if self._next == 0:
                file.write(self._header)
            file.write(np.ascontiguousarray(self._values[self._next : stop]).data)
        self._next = stop
        return stop == len(self._values)


def _in_words(error: Exception) -> Exception:
    return cannot_write() if isinstance(error, OSError) and not isinstance(error, ThinSliceError) else error
