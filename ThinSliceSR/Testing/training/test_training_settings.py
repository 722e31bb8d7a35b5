"""Settings of training runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.configuration import PUBLISHED, SMALL

pytest.importorskip("yaml")

from training.settings import read_settings, settings_from

SHIPPED = Path(__file__).resolve().parents[3] / "training"


@pytest.mark.parametrize("name", ["small", "medium", "base", "paper"])
def test_shipped_settings_are_read(name):
    settings = read_settings(SHIPPED / f"{name}.yaml")
    assert settings.name == f"cthnet-{name}"


def test_the_paper_recipe_trains_the_published_network_on_real_pairs():
    settings = read_settings(SHIPPED / "paper.yaml")
    assert settings.network == PUBLISHED
    assert settings.real_pairs is not None
    assert settings.simulated_pairs is None
    assert settings.optimisation.learning_rate == 3e-4
    assert settings.optimisation.schedule == "plateau"


def test_network_sizes_can_be_changed_entry_by_entry():
    settings = settings_from({"name": "a", "network": {"sizes": "small", "trim": 0}, "simulated_pairs": {}})
    assert settings.network.trim == 0
    assert settings.network.encoder_channels == SMALL.encoder_channels


GOOD = {"name": "a", "network": {"sizes": "small"}, "simulated_pairs": {}}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lerning_rate": 1}, "'lerning_rate' in settings is not known"),
        ({"optimisation": {"momentum": 0.9}}, "'momentum' in optimisation is not known"),
        ({"simulated_pairs": {"crop": "large"}}, "'crop' cannot be 'large'"),
        ({"simulated_pairs": {"crop": True}}, "'crop' cannot be True"),
        ({"simulated_pairs": {"overlap": [0.5]}}, "'overlap' cannot be"),
        ({"validation": {"slabs": [[5, 5], [3]]}}, "'slabs' cannot be"),
        ({"optimisation": {"loss": "l3"}}, "one of l1, charbonnier, l2"),
        ({"network": {"sizes": "huge"}}, "one of small, base, published"),
        ({"network": {"sizes": "small", "depth": 3}}, "'depth' in network is not known"),
        ({"real_pairs": {}}, "either simulated_pairs or real_pairs"),
        ({"network": {"sizes": "published"}}, "cannot start at linear interpolation"),
        ({"seed": "one"}, "'seed' cannot be 'one'"),
        ({"name": "a\nb"}, "no short line of letters"),
        ({"hardware": None}, "hardware must be entries with values"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_one_sentence(change, says):
    with pytest.raises(UnusableInput) as refusal:
        settings_from({**GOOD, **change})
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_name_is_told():
    with pytest.raises(UnusableInput, match="'name' is missing"):
        settings_from({"network": {"sizes": "small"}, "simulated_pairs": {}})


def test_files_that_are_no_settings_are_refused(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [")
    with pytest.raises(UnusableInput, match="not YAML"):
        read_settings(broken)
    with pytest.raises(UnusableInput, match="cannot be read"):
        read_settings(tmp_path / "missing.yaml")
    broken.write_text("just words")
    with pytest.raises(UnusableInput, match="entries with values"):
        read_settings(broken)
