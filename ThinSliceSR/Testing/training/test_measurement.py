"""The measurement behind a model card runs the whole way from thin volumes to the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from training_making import blobs, tiny_settings, write_volume

pytest.importorskip("lightning")

from ThinSliceSRLib.engine.evaluation.evaluate import Evaluation, Scores
from ThinSliceSRLib.engine.evaluation.report import as_text
from ThinSliceSRLib.engine.evaluation.statistics import Median
from ThinSliceSRLib.engine.weights.registry import read_registry, registry_text
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network
from ThinSliceSRLib.engine.weights.weights_header import sha256_of

from training.measures.measurement import measure_model, register


def test_an_untrained_model_with_slab_consistency_lies_near_bis(tmp_path: Path):
    write_volume(tmp_path / "thin" / "case.nrrd", blobs((46, 40, 40)), (0.9, 0.9, 1.0))
    network = untrained_network(tiny_settings().network)
    save_weights(tmp_path / "tiny.safetensors", network, "tiny", trained=False)
    evaluation = measure_model(tmp_path / "tiny.safetensors", tmp_path / "thin", tmp_path / "made")
    by_method = {row.method: row.values for row in evaluation.scores}
    assert set(by_method) == {"truth", "BIS", "DLS tiny (untrained)"}
    assert by_method["DLS tiny (untrained)"]["psnr_db"] == pytest.approx(by_method["BIS"]["psnr_db"], abs=1.5)
    assert "DLS tiny (untrained)" in as_text(evaluation)
    assert {path.name for path in (tmp_path / "made" / "case.nrrd").iterdir()} == {
        "truth.nrrd",
        "thick.nrrd",
        "dls.nrrd",
        "bis.nrrd",
    }


def test_measured_weights_enter_the_manifest_in_place_of_older_ones(tmp_path: Path):
    weights, manifest = tmp_path / "tiny.safetensors", tmp_path / "manifest.json"
    manifest.write_text(registry_text([]))
    row = Scores("case", "BIS", {"psnr_db": 35.0})
    for psnr in (36.0, 36.5):
        save_weights(weights, untrained_network(tiny_settings().network), "tiny", trained=True, trained_on="blobs")
        medians = {
            "BIS": {"psnr_db": Median(35.0, None, None, 1)},
            "DLS tiny": {"psnr_db": Median(psnr, None, None, 1)},
        }
        register(weights, Evaluation([row], medians, [], []), ["CC BY 3.0"], manifest)
    (entry,) = read_registry(manifest)
    assert (entry.name, entry.trained_on, entry.licences) == ("tiny", "blobs", ("CC BY 3.0",))
    assert entry.quality == {"bis_psnr_db": 35.0, "psnr_db": 36.5}
    assert entry.sha256 == sha256_of(weights)
