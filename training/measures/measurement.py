"""The measurement behind a model card: a model's DLS volumes and BIS against thin volumes that it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from ThinSliceSRLib.engine.evaluation.cases import TRUTH, Case
from ThinSliceSRLib.engine.evaluation.evaluate import Evaluation, evaluate
from ThinSliceSRLib.engine.events.progress import make_reporter
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.outputs.whole_file import whole_file
from ThinSliceSRLib.engine.run.job import Job, run_job
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.weights.registry import manifest_entry, read_registry, registry_text
from ThinSliceSRLib.engine.weights.weights_file import load_model

from ..data.volumes import find_volumes, read_thin_volume


def measure_model(weights: Path, validation: Path, folder: Path, slab_mm: float = 5.0) -> Evaluation:
    """Simulates the thick slices of each thin volume (brought to 1 mm), synthesises them, and measures the results.

    The whole volumes are measured, as `thinslicesr evaluate` does; what is made on the way stays in `folder`.
    """
    method = f"DLS {load_model(weights).label}"
    cases = [_made_case(path, weights, folder / path.name, method, slab_mm) for path in find_volumes(validation)]
    return evaluate(cases)


def register(weights: Path, evaluation: Evaluation, licences: Sequence[str], manifest: Path) -> None:
    """Enters the weights, with the medians of what was measured, into a manifest in place of an entry of their name."""
    entry = manifest_entry(weights, licences, _medians_of(evaluation))
    others = [model for model in read_registry(manifest) if model.name != entry.name]
    with whole_file(manifest) as part:
        part.write_text(registry_text([*others, entry]), encoding="utf-8")


def _medians_of(evaluation: Evaluation) -> dict[str, float]:
    """Medians of the model and of BIS over the cases, by measure: psnr_db, bis_psnr_db, …"""
    quality: dict[str, float] = {}
    for method, measures in evaluation.medians.items():
        if method != TRUTH:
            prefix = "bis_" if method == "BIS" else ""
            quality |= {f"{prefix}{measure}": round(median.value, 4) for measure, median in measures.items()}
    return quality


def _made_case(source: Path, weights: Path, folder: Path, method: str, slab_mm: float) -> Case:
    folder.mkdir(parents=True, exist_ok=True)
    thin = read_thin_volume(source)
    with PendingOutputs(overwrite=True) as outputs:
        outputs.write(thin, folder / "truth.nrrd")
        outputs.write(simulate_thick(thin, SlabProfile(slab_mm, slab_mm)), folder / "thick.nrrd")
    made = {"BIS": folder / "bis.nrrd", method: folder / "dls.nrrd"}
    job = Job(
        source=folder / "thick.nrrd",
        output=made[method],
        bicubic=made["BIS"],
        weights=str(weights),
        overwrite=True,
    )
    with ExitStack() as undo:
        run_job(job, make_reporter(None), undo)
        undo.pop_all()
    return Case(source.name, folder / "truth.nrrd", made)
