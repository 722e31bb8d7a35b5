"""A series as files: written, compressed without loss where asked, and read back."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.uid import UID, JPEG2000Lossless, RLELossless

from ..dicom_in.series_reading import read_dicom_folder
from ..errors import CannotWrite, MissingLibrary, ThinSliceError
from ..volumes.volume import Volume
from .stored_text import PYDICOM_2

COMPRESSIONS: dict[str, UID | None] = {"none": None, "rle": RLELossless, "jpeg2000": JPEG2000Lossless}
READ_BACK_MM = 1e-4
# How pydicom 2 and its later versions are told to write whole files (PS3.10) and to keep the UID when compressing.
WHOLE_FILE = {"write_like_original": False} if PYDICOM_2 else {"enforce_file_format": True}
SAME_INSTANCE: dict[str, Any] = {} if PYDICOM_2 else {"generate_instance_uid": False}


def require_compression(name: str) -> None:
    """Returns when series can be compressed so. Raises UnusableInput (`no_compression`)."""
    syntax = COMPRESSIONS[name]
    if syntax is None:
        return
    if PYDICOM_2:
        available = syntax == RLELossless
    else:
        from pydicom.pixels import get_encoder

        available = get_encoder(syntax).is_available
    if not available:
        raise MissingLibrary(
            f"Nothing that could compress as {name} is installed; install pydicom 3 with pylibjpeg-openjpeg, or choose "
            "rle or none.",
            "no_compression",
        )


def write_series(
    datasets: Iterable[FileDataset], folder: Path, compression: str, go_on: Callable[[], None] = lambda: None
) -> None:
    """Writes each dataset to a file of its own in `folder`, which is created, named by its instance number.

    go_on: asked before each file; it may raise. Raises OSError or CannotWrite (`not_compressed`).
    """
    folder.mkdir(parents=True)
    syntax = COMPRESSIONS[compression]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of copied values, and quotes them
        for dataset in datasets:
            go_on()
            if syntax is not None:
                _compress(dataset, syntax)
            with (folder / f"{dataset.InstanceNumber:04d}.dcm").open("xb") as file:
                dataset.save_as(file, **WHOLE_FILE)
                file.flush()
                os.fsync(file.fileno())


def _compress(dataset: FileDataset, syntax: UID) -> None:
    try:
        dataset.compress(syntax, **SAME_INSTANCE)
    except RuntimeError as error:
        raise CannotWrite(
            "The slices cannot be compressed so (JPEG 2000 needs 32 rows and columns); choose rle or none.",
            "not_compressed",
        ) from error


def holds(folder: Path, volume: Volume) -> bool:
    """Whether the series in `folder` reads back as `volume`: the same HU at the same places."""
    try:
        written = read_dicom_folder(folder)
    except ThinSliceError:
        return False
    return (
        np.array_equal(written.hu, volume.hu)
        and np.allclose(written.origin_mm, volume.origin_mm, rtol=0, atol=READ_BACK_MM)
        and np.allclose(_far_corner(written), _far_corner(volume), rtol=0, atol=READ_BACK_MM)
    )


def _far_corner(volume: Volume) -> np.ndarray:
    steps = (np.array(volume.size) - 1) * volume.spacing_mm
    return np.asarray(volume.origin_mm) + np.asarray(volume.direction) @ steps
