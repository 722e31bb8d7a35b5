"""The functions of the package: paths or SimpleITK images in, SimpleITK images or findings out.

Each is a thin one over what the command line calls. What is in memory goes through files in a folder that only this
user may read and that is removed at the end, so that the two never differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ThinSliceSRLib.engine.errors import CannotWrite

if TYPE_CHECKING:
    import SimpleITK as sitk
    from ThinSliceSRLib.engine.evaluation.evaluate import Evaluation
    from ThinSliceSRLib.engine.events.finding import Finding
    from ThinSliceSRLib.engine.weights.inventory import WeightsFile

    Source = str | PathLike[str] | sitk.Image

Precision = Literal["auto", "float32", "bf16", "fp16"]
Scale = Literal["hu", "unit", "offset"]
OnProgress = Callable[[str, int, int], object]


def synthesize(
    source: Source,
    *,
    weights: str | PathLike[str] = "auto",
    device: str = "auto",
    precision: Precision = "auto",
    threads: int | Literal["auto"] = "auto",
    spacing: float | Literal["auto", "native"] = "auto",
    slab_mm: float | None = None,
    values: Scale | None = None,
    series: str | None = None,
    quality: Literal["standard", "best"] = "standard",
    tiling: Literal["overlapped", "published"] = "overlapped",
    skip_air: bool = True,
    slab_consistency: bool = True,
    force: bool = False,
    on_progress: OnProgress | None = None,
) -> sitk.Image:
    """The DLS volume of a thick chest CT: int16 HU in the place of the input; its entries say that it is synthetic.

    source: a path as the command line takes it (NRRD, NIfTI, MetaImage, a folder or ZIP file of DICOM files), or an
        image with 3 axes.
    weights: a name that `models` tells, or a weights file. device: "cpu", "cuda", "cuda:1", "xpu", "mps" or "auto".
    threads: how many compute on a CPU. values: on which scale those of the source are, "unit" (0 to 1 for -1024 to
        2048 HU), "offset" (HU + 1024) or "hu", whatever they look like; None refuses what cannot be HU.
    spacing: of the thin slices, in mm. slab_mm: how thick the slices are, whatever the source says; an image in memory
        says nothing, unless a function of this package made it. series: of DICOM input, its UID, number or a part of
        its description. quality: "best" takes eight times as long. force: the slices may be thin already.
    on_progress: told a stage, how many of its steps are done, and how many there are; what it raises ends the run.

    Warnings on the input go to the logger "thinslicesr", notes as well, below them. Raises ThinSliceError.
    """
    from ThinSliceSRLib.engine.run.job import Job, run_job

    from .listening import Listener

    with _at_path(source) as path, _new_folder() as folder:
        job = Job(
            source=path,
            output=folder / "dls.nrrd",
            series=series,
            slab_mm=slab_mm,
            values=values,
            force=force,
            weights=str(weights),
            device=device,
            precision=precision,
            threads=threads,
            spacing=spacing if isinstance(spacing, str) else float(spacing),
            compressed=False,
            quality=quality,
            tiling=tiling,
            skip_air="on" if skip_air else "off",
            slab_consistency="on" if slab_consistency else "off",
        )
        run_job(job, Listener(on_progress), ExitStack())
        return _image_of(job.output)


def check(
    source: Source, *, series: str | None = None, slab_mm: float | None = None, values: Scale | None = None
) -> list[Finding]:
    """What speaks against a volume: errors, then warnings, then notes, each with a code and one sentence.

    It can be synthesised when none of them has the level "error". The arguments are as of `synthesize`.
    """
    from ThinSliceSRLib.engine.findings.checked_input import check_input
    from ThinSliceSRLib.engine.volumes.slice_thickness import require_millimetres

    require_millimetres("slab_mm", slab_mm)
    with _at_path(source) as path:
        return check_input(path, series, slab_mm=slab_mm, values=values).findings


def simulate(
    source: Source,
    *,
    slab_mm: float = 5.0,
    spacing_mm: float | None = None,
    profile: Literal["box", "bell"] = "box",
    series: str | None = None,
    values: Scale | None = None,
) -> sitk.Image:
    """The thick volume that a scanner would have stored instead of a thin one, in HU, of whole numbers if the
    source is; `synthesize` takes it.

    slab_mm: how thick its slices are. spacing_mm: how far apart they are, as far as they are thick if left out.
    profile: how a thick slice weighs what it averages. values: as of `synthesize`. Raises ThinSliceError.
    """
    from ThinSliceSRLib.engine.files.reading import read_volume
    from ThinSliceSRLib.engine.files.writing import PendingOutputs
    from ThinSliceSRLib.engine.findings.checked_volume import fit_volume
    from ThinSliceSRLib.engine.provenance import simulated_thick_header
    from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
    from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
    from ThinSliceSRLib.engine.volumes.slice_thickness import require_millimetres
    from ThinSliceSRLib.engine.volumes.value_scale import in_hu

    require_millimetres("slab_mm", slab_mm)
    require_millimetres("spacing_mm", spacing_mm)
    slabs = SlabProfile(slab_mm, slab_mm if spacing_mm is None else spacing_mm, bell=float(profile == "bell"))
    with _at_path(source) as path, _new_folder() as folder:
        thin, _ = fit_volume(in_hu(read_volume(path, series), values), may_be_thin=True)
        with PendingOutputs(compressed=False) as outputs:
            outputs.write(simulate_thick(thin, slabs), folder / "thick.nrrd", simulated_thick_header(slabs))
        return _image_of(folder / "thick.nrrd")


def evaluate(truth: Source, methods: Mapping[str, Source], *, values: Scale | None = None) -> Evaluation:
    """How close volumes come to the true thin slices: `scores`, `medians`, `tests` and `notes` of the evaluation.

    methods: name → volume, such as {"DLS": dls, "BIS": bis}. The first and last 5 slices are left out.
    values: as of `synthesize`, of those volumes that cannot be HU. Raises ThinSliceError.
    """
    from ThinSliceSRLib.engine.evaluation.cases import named_case
    from ThinSliceSRLib.engine.evaluation.evaluate import evaluate as evaluate_cases

    with ExitStack() as places:
        files = {name: places.enter_context(_at_path(source)) for name, source in methods.items()}
        return evaluate_cases([named_case(places.enter_context(_at_path(truth)), files)], values=values)


def models() -> list[WeightsFile]:
    """The weights that are on this computer, in the order in which they are looked for. Raises WeightsError."""
    from ThinSliceSRLib.engine.weights.inventory import weights_files
    from ThinSliceSRLib.engine.weights.registry import registered_models

    return weights_files(registered_models())


@contextmanager
def _at_path(source: Source) -> Iterator[Path]:
    """The path of a source; of an image, of a file that holds its voxels, its place and our own entries.

    Others stay out: what DICOM tells of a patient belongs into no temporary file.
    """
    if isinstance(source, (str, PathLike)):
        yield Path(source)
        return
    import SimpleITK as sitk
    from ThinSliceSRLib.engine.provenance import PREFIX

    # No copy by SimpleITK: what is erased of that is erased of the source, too.
    several = source.GetNumberOfComponentsPerPixel() > 1
    image = sitk.GetImageFromArray(sitk.GetArrayViewFromImage(source), isVector=several)
    image.SetOrigin(source.GetOrigin())
    image.SetSpacing(source.GetSpacing())
    image.SetDirection(source.GetDirection())
    for key in source.GetMetaDataKeys():
        if key.startswith(PREFIX):
            image.SetMetaData(key, source.GetMetaData(key))
    with _new_folder() as folder:
        path = folder / "image.nrrd"
        try:
            sitk.WriteImage(image, str(path))
        except RuntimeError as error:
            raise CannotWrite(
                f"The image cannot be stored in {folder.parent}, the folder for temporary files; make room there."
            ) from error
        del image
        yield path


@contextmanager
def _new_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="thinslicesr_") as folder:
        yield Path(folder)


def _image_of(path: Path) -> sitk.Image:
    import SimpleITK as sitk

    return sitk.ReadImage(str(path))
