"""The measurement behind a model card runs the whole way from thin volumes to the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from training_making import blobs, tiny_settings, write_volume

pytest.importorskip("lightning")

from ThinSliceSRLib.engine.evaluation.report import as_text
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network

from training.measurement import measure_model


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
