"""Values that a file holds as text. Not by ITK: its reader of NRRD writes long words beyond their place in memory and
lets numbers wrap around, and the one of MetaImage reads none."""

from __future__ import annotations

import warnings

import numpy as np

from ..errors import UnusableInput
from .stored_values import StoredValues, missing_values, opened_values


def text_values(stored: StoredValues, size: tuple[int, ...], type_: np.dtype) -> np.ndarray:
    """The values in `type_`, the slowest axis first. size: of the axes, the fastest first.

    They are parted by white space or commas (https://teem.sourceforge.net/nrrd/format.html#encoding).
    Raises UnusableInput (`not_readable`, `truncated`).
    """
    texts = []
    for path in stored.paths:
        with opened_values(stored, path) as file:
            texts.append(file.read())
    whole = np.issubdtype(type_, np.integer)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # so NumPy tells of what is no number
            text = b" ".join(texts).replace(b",", b" ").strip()
            values = np.fromstring(text, np.int64 if whole else np.float64, sep=" ")
    except (ValueError, DeprecationWarning) as error:
        raise _no_values() from error
    voxels = int(np.prod(size, dtype=np.int64))
    if len(values) < voxels:
        raise missing_values()
    limits = np.iinfo(type_) if whole else None
    beyond = limits is not None and (values.min() < limits.min or values.max() > limits.max)
    if len(values) > voxels or beyond:
        raise _no_values()
    with np.errstate(over="ignore"):  # infinity, which no CT holds, is what the checks look for
        return values.astype(type_).reshape(size[::-1])


def _no_values() -> UnusableInput:
    return UnusableInput(
        "The voxel values of this file are text, but not as its header promises: other characters than numbers, white "
        "space and commas, more numbers, or some that their type cannot hold; save the volume as raw or gzip.",
        "not_readable",
    )
