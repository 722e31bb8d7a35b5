"""What a model tells of its errors in volumes made thick, and the errors that it makes there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from ThinSliceSRLib.engine.calibration.calibration import SlabCalibration
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.doubt.seen_tissues import seen_tissues
from ThinSliceSRLib.engine.doubt.trial import lung_trial
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.metrics import without_outer_slices
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES, tissue_masks
from ThinSliceSRLib.engine.phantom.chest import chest_phantom
from ThinSliceSRLib.engine.synthesis.memory_ladder import rungs_from
from ThinSliceSRLib.engine.synthesis.resampling import interpolate, places_at, resample_slices
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.synthesis.synthesize import synthesize
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model

from ..data.volumes import THIN_MM, find_volumes, read_thin_volume

OVERALL = "body"
AT_CENTRES, BETWEEN = "at slab centres", "between them"  # within a tenth of their distance, and beyond three tenths
ONE_OF = 4  # voxels of the body is looked at: neighbours err alike
OVERLAPS, SPACING_MM = (0.7, 1.0, 1.5, 2.0), 5.0  # that is measured with all overlaps
PHANTOM_SPACING_MM, PHANTOM_SIZE = (0.8, 0.8, THIN_MM), (432, 352, 81)


@dataclass(frozen=True)
class Sample:
    """Voxels of the body of one volume, made thick with one profile: one-dimensional, in one order.

    places: where they lie, counted in thick slices. told_hu: what the network expects of its error. seen: the number of
    the tissue that DLS shows, as `seen_tissues`. error_hu: absolute, of DLS. bis_error_hu: of BIS. steps_hu: how far
    the thick slices on both sides differ, which is all that an interpolation can tell of its errors. tissues: where
    each kind truly lies. trial: what `lung_trial` tells of the thick volume. trials: the same of the volume made thick
    so that slices overlap by each of OVERLAPS.
    """

    volume: str
    profile: SlabProfile
    places: np.ndarray
    told_hu: np.ndarray
    seen: np.ndarray
    error_hu: np.ndarray
    bis_error_hu: np.ndarray
    steps_hu: np.ndarray
    tissues: dict[str, np.ndarray]
    trial: dict[str, float] = field(default_factory=dict)
    trials: tuple[dict[str, float], ...] = ()

    @property
    def spacing_mm(self) -> float:
        return self.profile.spacing_mm

    def seen_tissues(self) -> dict[str, np.ndarray]:
        """Where DLS shows each kind of tissue."""
        return {tissue: self.seen == number for number, tissue in enumerate(TISSUES, start=1)}

    def expected_hu(self, calibration: SlabCalibration) -> np.ndarray:
        """The expected absolute error of each voxel (float32 HU)."""
        expected = calibration.expected_hu(self.told_hu)
        for tissue, inside in self.seen_tissues().items():
            expected[inside] = calibration.expected_hu(self.told_hu[inside], tissue)
        return expected * calibration.times_at(self.places)


def samples_of(model: Model, validation: Path, spacings_mm: Sequence[float]) -> Iterator[Sample]:
    """Samples of every thin volume in the folder, made thick by boxes side by side with each of the spacings, and by
    boxes SPACING_MM apart with each of OVERLAPS.

    Raises UnusableInput where the model cannot doubt.
    """
    require_doubt(model)
    for path in find_volumes(validation):
        yield from _samples(path.name, read_thin_volume(path), model, spacings_mm)


def phantom_samples(model: Model, spacings_mm: Sequence[float], seed: int = 0) -> Iterator[Sample]:
    """The same of the middle of the chest phantom with its usual noise."""
    require_doubt(model)
    yield from _samples("phantom", chest_phantom(PHANTOM_SPACING_MM, PHANTOM_SIZE, seed), model, spacings_mm)


def require_doubt(model: Model) -> None:
    """Raises UnusableInput where the model cannot doubt."""
    if not model.configuration.doubt_channels:
        raise UnusableInput(f"The model {model.label} tells no doubt; give one that was trained with doubt_channels.")


def _samples(name: str, thin: Volume, model: Model, spacings_mm: Sequence[float]) -> Iterator[Sample]:
    masks = tissue_masks(thin)
    rungs = rungs_from(choose_device("auto", "auto"), "auto", model.configuration, OVERLAPPED)
    overlapping = [SlabProfile(overlap * SPACING_MM, SPACING_MM) for overlap in OVERLAPS]
    touching = [SlabProfile(spacing_mm, spacing_mm) for spacing_mm in spacings_mm]
    profiles = (*touching, *(profile for profile in overlapping if profile.overlap != 1))
    tried = {profile: lung_trial(simulate_thick(thin, profile), model, rungs) for profile in {*profiles, *overlapping}}
    for profile in profiles:
        thick = simulate_thick(thin, profile)
        made = synthesize(thick, model, rungs, doubt=True)
        assert made.doubt
        dls, told = (resample_slices(volume, THIN_MM) for volume in (made.dls, made.doubt))
        sample = sample_of(name, profile, thin.hu, masks, thick, dls, told.hu)
        yield replace(sample, trial=tried[profile], trials=tuple(tried[each] for each in overlapping))


def sample_of(
    name: str,
    profile: SlabProfile,
    truth: np.ndarray,
    masks: dict[str, np.ndarray],
    thick: Volume,
    dls: Volume,
    told: np.ndarray,
) -> Sample:
    """The sample of a DLS volume and what the network told of it. masks: of the truth, as `tissue_masks`."""
    places = places_at(THIN_MM, thick)
    before = np.minimum(places.astype(int), len(thick.hu) - 2)
    steps = np.abs(np.diff(thick.hu.astype(np.int32), axis=0))[before]
    truth = truth[: len(dls.hu)].astype(np.int32)
    inside, *tissues = (without_outer_slices(masks[kind][: len(dls.hu)]) for kind in (OVERALL, *TISSUES))

    def taken(values: np.ndarray) -> np.ndarray:
        return without_outer_slices(values)[inside][::ONE_OF]

    return Sample(
        name,
        profile,
        taken(np.broadcast_to(places.astype(np.float32)[:, None, None], dls.hu.shape)),
        taken(told),
        taken(seen_tissues(dls)),
        taken(np.abs(dls.hu - truth)),
        taken(np.abs(interpolate(thick, places).hu - truth)),
        taken(steps),
        {kind: mask[inside][::ONE_OF] for kind, mask in zip(TISSUES, tissues, strict=True)},
    )
