"""Reads the tensors of a PyTorch checkpoint without running the code that such a file may hold.

A checkpoint is a pickle, and a pickle is a program: it names functions of any installed package and has them called.
Here no name is ever looked up. Tensors, and the plain values beside them, are made by functions of this file; every
other class becomes an `Inert` one, whose instances only keep their state; and a call of anything else is refused.
"""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import WeightsError

# How torch.save marks files of its older format, which is a row of pickles followed by the bytes of the storages.
LEGACY_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
ZIP_START = b"PK\x03\x04"
STORAGE_TYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
# What a pickle may ask to be called because it only makes a plain value, which nobody here needs.
PLAIN_VALUES = re.compile(
    r"torch\.(device|Size)|_codecs\.encode|pathlib\.\w*Path"
    r"|numpy\.(dtype|ndarray|_?core\.multiarray\.(scalar|_reconstruct))"
)


class RunsCode(Exception):
    """The pickle asks for a call of something that is not known to be harmless."""


class _Uncallable(type):
    """The class of inert classes: to call one is what the pickle's program would be run for."""

    def __call__(cls, *args: object, **kwargs: object) -> object:
        if PLAIN_VALUES.fullmatch(cls.__name__):
            return super().__call__()
        raise RunsCode(cls.__name__)


class Inert(metaclass=_Uncallable):
    """Stands for an object of any class. Its attributes are those that were stored; it has no behaviour."""

    def __new__(cls, *args: object, **kwargs: object) -> Inert:
        return object.__new__(cls)

    def __setstate__(self, state: object) -> None:
        """Keeps named attributes; in a pair, those of slots come second. State of other kinds means nothing here."""
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                vars(self).update(part)

    def __setitem__(self, key: object, value: object) -> None:
        """Containers of foreign classes stay empty."""

    def append(self, value: object) -> None:
        """As `__setitem__`."""


def read_checkpoint(path: Path) -> Any:
    """What torch.save stored in a file (both of its formats): plain containers, tensors on the CPU, `Inert` objects.

    Raises WeightsError: `weights_missing`, `weights_refused` (it tries to run code), `weights_damaged` (it is no whole
    checkpoint).
    """
    if not path.is_file():
        raise WeightsError(f"There is no file {path}; check the path.", "weights_missing")
    try:
        content = path.read_bytes()
        return _read_zip(content) if content.startswith(ZIP_START) else _read_legacy(content)
    except RunsCode as error:
        name = re.sub(r"[^\w.<>-]", "?", str(error))[:80]
        raise WeightsError(
            f"{path.name} was refused because this file tries to run code ({name}) when it is read; none of it ran, "
            "so ask for the weights as a safetensors file or a plain state dict.",
            "weights_refused",
        ) from error
    except Exception as error:  # what a damaged pickle makes the unpickler stumble over can be nearly any exception
        raise WeightsError(
            f"{path.name} is damaged or not a checkpoint that PyTorch wrote; fetch or copy it again.", "weights_damaged"
        ) from error


class _Reader(pickle.Unpickler):
    """An unpickler that makes nothing but plain containers, tensors and inert objects.

    storages: by key; those of the zip format hold their values at once, those of the older format wait for them.
    """

    def __init__(self, file: io.BytesIO, limit: int, archive: zipfile.ZipFile | None = None, folder: str = "") -> None:
        super().__init__(file, encoding="utf-8")
        self.storages: dict[str, Tensor] = {}
        self._archive = archive
        self._folder = folder
        self._bytes_left = limit
        self._known = {
            "collections.OrderedDict": OrderedDict,
            "builtins.set": set,
            "__builtin__.set": set,
            "torch._utils._rebuild_tensor": _rebuild_tensor,
            "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
            "torch._utils._rebuild_parameter": _rebuild_parameter,
            "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
            **{f"torch.{name}": dtype for name, dtype in STORAGE_TYPES.items()},
            **{f"torch.cuda.{name}": dtype for name, dtype in STORAGE_TYPES.items()},
        }

    def find_class(self, module: str, name: str) -> Any:
        full_name = f"{module}.{name}"
        if full_name not in self._known:
            self._known[full_name] = _Uncallable(full_name, (Inert,), {})
        return self._known[full_name]

    def persistent_load(self, identity: Any) -> Any:
        """The storage (a flat tensor) or, in the older format, the module class that a persistent id stands for."""
        if identity[0] == "module":
            return identity[1]
        kind, dtype, key, _location, count, *view = identity
        if kind != "storage" or not isinstance(dtype, torch.dtype) or any(part is not None for part in view):
            raise pickle.UnpicklingError("not a storage")
        if key not in self.storages:
            self._bytes_left -= count * dtype.itemsize
            if count < 0 or self._bytes_left < 0:
                raise pickle.UnpicklingError("storages larger than their file")
            self.storages[key] = torch.empty(count, dtype=dtype)
            if self._archive:
                _fill(self.storages[key], _stored(self._archive, f"{self._folder}data/{key}"))
        return self.storages[key]


def _read_zip(content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (pickled,) = (name for name in archive.namelist() if re.fullmatch(r"[^/]+/data\.pkl", name))
        folder = pickled.removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist() and _stored(archive, f"{folder}byteorder") != b"little":
            raise pickle.UnpicklingError("not little-endian")
        return _Reader(io.BytesIO(_stored(archive, pickled)), len(content), archive, folder).load()


def _read_legacy(content: bytes) -> Any:
    file = io.BytesIO(content)
    limit = len(content)
    if _Reader(file, limit).load() != LEGACY_MAGIC_NUMBER:
        raise pickle.UnpicklingError("not the magic number of torch.save")
    _Reader(file, limit).load()  # the version of the protocol
    if not _Reader(file, limit).load()["little_endian"]:
        raise pickle.UnpicklingError("not little-endian")
    reader = _Reader(file, limit)
    stored = reader.load()
    for key in _Reader(file, limit).load():
        storage = reader.storages[key]
        if int.from_bytes(file.read(8), "little") != len(storage):
            raise pickle.UnpicklingError("a storage of another length")
        _fill(storage, file.read(storage.nbytes))
    return stored


def _stored(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of a file in the archive. PyTorch does not compress; a bomb would."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise pickle.UnpicklingError("compressed")
    return archive.read(name)


def _fill(storage: Tensor, content: bytes) -> None:
    if len(content) != storage.nbytes:
        raise pickle.UnpicklingError("a storage of another length")
    if content:
        storage.copy_(torch.frombuffer(bytearray(content), dtype=storage.dtype))


def _rebuild_tensor(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *rest: Any) -> Tensor:
    """A view of the storage, which PyTorch refuses to let reach beyond its ends. `rest` is for training."""
    if type(storage) is not Tensor:
        raise pickle.UnpicklingError("not a storage")
    return torch.as_strided(storage, size, stride, offset)


def _rebuild_parameter(data: Any, *rest: Any) -> Any:
    """The parameter's values; `rest` is for training."""
    return data
