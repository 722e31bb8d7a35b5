"""Real pairs: thick and thin volumes of the same scan, in two folders, as the paper has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.network.slab_inputs import TYPICAL
from ThinSliceSRLib.engine.volumes.hounsfield import AIR_HU
from ThinSliceSRLib.engine.volumes.value_scale import UNIT_HU
from torch.utils.data import Dataset

from ..settings import RealPairSettings
from .pairs import Sample, scaled
from .volumes import find_volumes


class RealPairs(Dataset):
    """Endless samples from pairs of files, read when they are needed: each pair once per round, in shuffled order.

    Samples are as those of `SimulatedPairs`: random crops, flipped from left to right by chance (the paper's recipe).
    """

    def __init__(self, folder: Path, config: NetworkConfiguration, settings: RealPairSettings, seed: int) -> None:
        self.pairs = find_pairs(folder)
        self.config = config
        self.settings = settings
        self.seed = seed

    def __getitem__(self, number: int) -> Sample:
        rng = np.random.default_rng((self.seed, number))
        turn, index = divmod(number, len(self.pairs))
        order = np.random.default_rng((self.seed, turn, len(self.pairs))).permutation(len(self.pairs))
        thick_file, thin_file = self.pairs[int(order[index])]
        thick, thin = read_pair(thick_file, thin_file, self.config.ratio, self.settings.stored_as)
        thick, thin = self._crop(thick, thin, rng)
        if rng.random() < 0.5:
            thick, thin = thick[:, :, ::-1], thin[:, :, ::-1]
        return scaled(thick, self.config), scaled(thin, self.config), torch.tensor(TYPICAL)

    def _crop(self, thick: np.ndarray, thin: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        size = (self.config.cube[0], self.settings.crop, self.settings.crop)
        if any(whole < part for whole, part in zip(thick.shape, size, strict=True)):
            raise UnusableInput(f"A thick volume is smaller than the crop of {size}; leave it out or crop less.")
        k, j, i = (int(rng.integers(whole - part + 1)) for whole, part in zip(thick.shape, size, strict=True))
        rows, columns = slice(j, j + size[1]), slice(i, i + size[2])
        first = k * self.config.ratio
        return thick[k : k + size[0], rows, columns], thin[first : first + self.config.thin_slices, rows, columns]


def find_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """(thick, thin) files of the same names in the folders `thick` and `thin` of `folder`."""
    thick = {path.name: path for path in find_volumes(Path(folder) / "thick")}
    thin = {path.name: path for path in find_volumes(Path(folder) / "thin")}
    alone = sorted(thick.keys() ^ thin.keys())
    if alone:
        raise UnusableInput(f"{alone[0]} has no partner; the folders thick and thin must hold files of the same names.")
    return [(thick[name], thin[name]) for name in sorted(thick)]


def read_pair(thick: Path, thin: Path, ratio: int, stored_as: str) -> tuple[np.ndarray, np.ndarray]:
    """Thick (n, rows, columns) and thin (ratio·(n − 1) + 1, rows, columns) slices in HU; thick k lies on thin ratio·k.

    The geometry in the files is not used: RPLHR-CT has spacing 1 in all of its headers.
    """
    thick_hu, thin_hu = (_in_hu(read_volume(path).hu, stored_as, path) for path in (thick, thin))
    slices = ratio * (len(thick_hu) - 1) + 1
    if len(thin_hu) < slices or thick_hu.shape[1:] != thin_hu.shape[1:]:
        raise UnusableInput(f"{thick.name} is no pair: {len(thick_hu)} thick slices need {slices} thin ones as large.")
    return thick_hu, thin_hu[:slices]


def _in_hu(values: np.ndarray, stored_as: str, path: Path) -> np.ndarray:
    if stored_as == "hu":
        return values
    if values.min() < -0.01 or values.max() > 1.01:
        raise UnusableInput(f"The values of {path.name} are not from 0 to 1; set stored_as: hu.")
    return values * np.float32(UNIT_HU) + np.float32(AIR_HU)
