"""Ablations change one thing at a time and are measured alike."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from training_making import blobs, tiny_settings, write_volume

pytest.importorskip("lightning")

from ThinSliceSRLib.engine.errors import UnusableInput

from training.learning.train import Run
from training.measures.ablations import Lead, Row, ablation_table, as_markdown, trained_variants


def test_each_variant_differs_from_the_reference_in_one_part_of_the_settings():
    settings = tiny_settings()
    variants = trained_variants(settings)
    assert variants.pop("as it is") == settings
    for variant in variants.values():
        changed = {field.name for field in fields(settings)} - {
            field.name for field in fields(settings) if getattr(variant, field.name) == getattr(settings, field.name)
        }
        assert changed - {"start_at_linear_interpolation"} in ({"network"}, {"simulated_pairs"}, {"optimisation"})


def test_every_variant_is_trained_and_a_second_call_only_measures_again(tmp_path: Path):
    write_volume(tmp_path / "data" / "a.nrrd", blobs((50, 24, 24)), (0.9, 0.9, 1.0))
    write_volume(tmp_path / "validation" / "b.nrrd", blobs((41, 20, 20), seed=1), (0.9, 0.9, 1.0))
    run = Run(tmp_path / "data", tmp_path / "validation", tmp_path / "runs", steps=2)
    choices = ["trim 0", "no in-plane axes", "l2"]
    rows = ablation_table(tiny_settings(), run, choices, seeds=2)
    assert [row.choice for row in rows] == [
        "as it is",
        "cubes side by side, no overlap",
        "no slab consistency",
        "trim 0",
        "no in-plane axes",
        "l2",
    ]
    assert all(set(lead.by_case) == {"b.nrrd 5/5"} and lead.seconds > 0 for row in rows for lead in row.leads)
    assert len({round(lead.mean, 6) for row in rows for lead in row.leads}) > 8
    again = ablation_table(tiny_settings(), run, choices, seeds=2)
    assert [[lead.mean for lead in row.leads] for row in again] == [
        pytest.approx([lead.mean for lead in row.leads], abs=1e-6) for row in rows
    ]


def test_a_choice_that_is_not_known_and_no_seed_are_told():
    run = Run(Path("data"), Path("validation"), Path("runs"), steps=2)
    with pytest.raises(UnusableInput, match=r"no choice 'deeper'; choose from as it is, no linear start"):
        ablation_table(tiny_settings(), run, ["deeper"])
    with pytest.raises(UnusableInput, match="needs a seed"):
        ablation_table(tiny_settings(), run, seeds=0)


def test_what_the_settings_have_already_is_no_variant():
    assert "l1" not in trained_variants(tiny_settings(optimisation={"loss": "l1"}))
    assert "l1" in trained_variants(tiny_settings(optimisation={"loss": "l2"}))


def test_the_table_has_a_line_for_each_choice():
    rows = [
        Row("as it is", (Lead({"a": 1.0, "b": 2.0}, 3.0),)),
        Row("trim 0", (Lead({"a": -0.5, "b": 0.25}, 4.2), Lead({"a": 0.5, "b": 0.75}, 3.6))),
    ]
    table = as_markdown(rows, steps=300)
    assert table.splitlines() == [
        "| after 300 steps | a | b | mean | CPU s |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| as it is | +1.00 | +2.00 | +1.50 | 3 |",
        "| trim 0 | +0.00 | +0.50 | +0.25 (-0.12, +0.62) | 4 |",
    ]
