"""Training runs: they can be stopped, killed, continued and ended, and give weights that the engine loads."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.cthnet import linear_interpolation
from ThinSliceSRLib.engine.network.slab_inputs import TYPICAL
from ThinSliceSRLib.engine.weights.weights_file import load_model, untrained_network

pytest.importorskip("yaml")
pytest.importorskip("lightning")

from training_making import TINY_NETWORK, blobs, tiny_settings, write_volume

from training.__main__ import main
from training.data.pairs import SimulatedPairs
from training.learning.checkpoints import LAST
from training.learning.export import averaged_network, export_weights
from training.learning.module import changes_by_place, diagonals
from training.learning.sample_order import SampleOrder
from training.learning.schedules import DropOnPlateau, WarmUpConstantDecay
from training.learning.train import Run, train
from training.learning.validation import paper_psnr


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders `data` and `validation` with one small volume each."""
    folder = tmp_path_factory.mktemp("ct")
    write_volume(folder / "data" / "a.nrrd", blobs((60, 32, 32)), (2.0, 2.0, 1.0))
    write_volume(folder / "validation" / "b.nrrd", blobs((46, 20, 20), seed=1), (2.0, 2.0, 1.0))
    return folder


@pytest.fixture
def run_to(folders, tmp_path):
    """Trains in a folder of tmp_path up to a step."""

    def run(name: str, steps: int, settings=None, **options):
        options = {"save_every_steps": 3, **options}
        places = Run(folders / "data", folders / "validation", tmp_path / name, steps=steps, **options)
        return train(settings or tiny_settings(), places)

    return run


def same_weights(one, other) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_a_run_that_was_stopped_ends_where_an_uninterrupted_one_ends(run_to):
    whole = run_to("whole", 7)
    run_to("parts", 3)
    run_to("parts", 4, resume=True)
    parts = run_to("parts", 7, resume=True)
    assert parts.global_step == whole.global_step == 7
    assert same_weights(whole, parts)
    assert not same_weights(parts.network, parts.averaged.module)


def test_a_run_that_was_killed_goes_on_from_its_last_checkpoint(run_to, monkeypatch, tmp_path):
    whole = run_to("whole", 7)

    class DiesInStep5(SimulatedPairs):
        def __getitem__(self, number):
            if number == 11:
                raise RuntimeError("the power is gone")
            return super().__getitem__(number)

    with monkeypatch.context() as patch:
        patch.setattr("training.learning.train.SimulatedPairs", DiesInStep5)
        with pytest.raises(RuntimeError, match="power"):
            run_to("killed", 7)
    assert torch.load(tmp_path / "killed" / LAST, weights_only=True)["global_step"] == 4
    assert same_weights(whole, run_to("killed", 7, resume=True))


def test_a_decay_that_was_stopped_goes_on_as_it_began(run_to):
    run_to("whole", 3)
    whole = run_to("whole", 100, resume=True, decay_steps=6)
    run_to("parts", 3)
    run_to("parts", 5, resume=True, decay_steps=6)
    parts = run_to("parts", 100, resume=True, decay_steps=6)
    assert whole.global_step == parts.global_step == 9
    assert (whole.schedule.decay_start, whole.schedule.decay_steps) == (3, 6)
    assert same_weights(whole, parts)


def test_a_run_ends_when_its_time_is_over(run_to, tmp_path):
    module = run_to("short", 50, max_minutes=0.0)
    assert module.global_step == 1
    assert (tmp_path / "short" / LAST).exists()


def test_training_learns_what_interpolation_misses(folders, tmp_path):
    """Between slabs of a parabola, linear interpolation lies too high everywhere."""
    parabola = np.broadcast_to((2 * (np.arange(60) - 30) ** 2 - 900)[:, None, None], (60, 16, 16)).astype(np.int16)
    write_volume(tmp_path / "data" / "a.nrrd", parabola, (2.0, 2.0, 1.0))
    settings = tiny_settings(
        simulated_pairs={"crop": 16, "usual_share": 1.0, "box_share": 1.0, "kernel_share": 0.0, "noisy_share": 0.0},
        optimisation={"learning_rate": 1e-3, "average": 0.5},
        validation={"every_steps": 100},
    )
    module = train(settings, Run(tmp_path / "data", folders / "validation", tmp_path / "run", steps=40))
    samples = SimulatedPairs(module.samples.volumes, settings.network, settings.simulated_pairs, seed=99)
    thick, thin, slabs = (torch.stack(parts) for parts in zip(*(samples[number] for number in range(8)), strict=True))
    with torch.inference_mode():
        before, after = (
            (network(thick, slabs) - thin)[:, :, 3:33].abs().mean()
            for network in (untrained_network(settings.network), module.averaged.module)
        )
    assert after < 0.6 * before


def test_a_run_starts_at_linear_interpolation(run_to):
    settings = tiny_settings(optimisation={"learning_rate": 0.0, "batch": 1, "average": 0.0})
    module = run_to("start", 1, settings)
    thick = torch.rand(1, 1, 8, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(module.network(thick, torch.tensor([TYPICAL]))[:, :, ::5], thick)


def test_a_run_starts_with_weights_whose_last_convolution_looks_at_less(run_to, tmp_path):
    narrow = tiny_settings(network={**TINY_NETWORK, "tail_window": 1})
    trained = run_to("narrow", 3, narrow)
    weights = tmp_path / "narrow.safetensors"
    export_weights(narrow, tmp_path / "narrow" / LAST, weights)
    still = tiny_settings(optimisation={"learning_rate": 0.0, "batch": 1, "average": 0.0})
    module = run_to("wide", 1, still, start=weights)
    thick, slabs = torch.rand(1, 1, 8, 16, 16), torch.tensor([TYPICAL])
    with torch.inference_mode():
        for network in (module.network, module.averaged_network):
            expected = trained.averaged_network(thick, slabs)
            torch.testing.assert_close(network(thick, slabs), expected, atol=2e-3, rtol=0)  # float16 on the way
            assert (expected - linear_interpolation(thick, 5)).abs().max() > 5e-3


@pytest.mark.parametrize("added", [{"in_plane_blocks": 3}, {"in_plane_groups": 2, "encoder_blocks": 3}], ids=str)
def test_transformer_layers_that_the_weights_lack_change_nothing_at_first(run_to, tmp_path, added):
    trained = run_to("shallow", 3)
    weights = tmp_path / "shallow.safetensors"
    export_weights(tiny_settings(), tmp_path / "shallow" / LAST, weights)
    deeper = {"network": {**TINY_NETWORK, **added}, "optimisation": {"learning_rate": 0.0, "batch": 1}}
    module = run_to("deep", 1, tiny_settings(**deeper), start=weights)
    thick, slabs = torch.rand(1, 1, 8, 16, 16), torch.tensor([TYPICAL])
    with torch.inference_mode():
        expected = trained.averaged_network(thick, slabs)
        torch.testing.assert_close(module.averaged_network(thick, slabs), expected, atol=2e-3, rtol=0)  # as above


def test_what_a_run_began_with_learns_at_its_own_rate_also_after_a_stop(run_to, tmp_path):
    run_to("shallow", 3)
    weights = tmp_path / "shallow.safetensors"
    export_weights(tiny_settings(), tmp_path / "shallow" / LAST, weights)
    rates = {"learning_rate": 1e-2, "begun_with_rate": 0.0, "batch": 1}
    deeper = tiny_settings(network={**TINY_NETWORK, "in_plane_blocks": 2}, optimisation=rates)
    whole = run_to("whole", 4, deeper, start=weights)
    begun_with = load_model(weights).network.state_dict()
    trained = dict(whole.network.named_parameters())
    assert all(torch.equal(begun_with[name], trained.pop(name)) for name in whole.begun_with)
    perceptron = trained["Decoder_I1.layers.0.residual_group.blocks.1.mlp.fc2.weight"]  # nothing at first
    assert perceptron.abs().max() > 0
    run_to("parts", 2, deeper, start=weights)
    assert same_weights(whole, run_to("parts", 4, deeper, resume=True))
    nothing_added = run_to("all of it", 2, tiny_settings(optimisation=rates), start=weights)
    assert nothing_added.trainer.optimizers[0].param_groups[0]["lr"] > 0


def test_the_finest_texture_is_what_differs_across_squares():
    ramp = torch.arange(5.0)[:, None] * 2 + torch.arange(6.0) * 3
    mesh = torch.zeros(5, 6)
    mesh[1::2, 1::2] = 1
    assert diagonals(ramp).abs().max() == 0
    assert diagonals(mesh).abs().min() == 1


def test_changes_from_slice_to_slice_are_told_by_their_place_in_a_slab():
    noise = torch.randn(2, 1, 31, 40, 40, generator=torch.Generator().manual_seed(0)) * 0.01
    torch.testing.assert_close(changes_by_place(noise, 5), torch.ones(2, 5), atol=0.1, rtol=0)
    repeated = noise[:, :, :7].repeat_interleave(5, 2)[:, :, :31]
    assert changes_by_place(repeated, 5)[:, :4].max() == 0
    assert changes_by_place(repeated, 5)[:, 4].min() > 3
    assert changes_by_place(repeated * 1e-3, 5)[:, 4].max() < 0.1


def test_uneven_changes_count_as_much_as_the_settings_say(run_to):
    def loss(share: float) -> float:
        still = {"learning_rate": 0.0, "batch": 2, "even_changes": share}
        module = run_to(f"share {share}", 1, tiny_settings(optimisation=still))
        return module.trainer.callback_metrics["loss"].item()

    without, once, twice = loss(0.0), loss(1.0), loss(2.0)
    assert once > without + 0.001
    assert twice - once == pytest.approx(once - without, rel=1e-3)


def test_changes_elsewhere_do_not_make_up_for_those_between_slabs():
    made = torch.randn(1, 1, 6, 4, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    changes_by_place(made, 5)[:, 4].sum().backward()
    assert made.grad is not None
    assert made.grad[:, :, :4].abs().max() == 0
    assert made.grad[:, :, 4:].abs().min() > 0


def test_checkpoints_and_logs_are_kept(run_to, tmp_path):
    run_to("run", 4)
    assert {"best.ckpt", "last.ckpt", "csv", "tensorboard"} <= {path.name for path in (tmp_path / "run").iterdir()}
    header, *rows = (tmp_path / "run" / "csv" / "version_0" / "metrics.csv").read_text().splitlines()
    assert {"validation_psnr", "above_bis"} <= set(header.split(","))
    assert rows


def test_exported_weights_are_the_averaged_ones(run_to, tmp_path):
    module = run_to("run", 3)
    path = tmp_path / "tiny.safetensors"
    settings = dataclasses.replace(tiny_settings(), trained_on="blobs, CC0")
    export_weights(settings, tmp_path / "run" / LAST, path)
    model = load_model(path)
    assert model.name == "tiny"
    assert model.trained
    assert same_weights(averaged_network(settings, tmp_path / "run" / LAST), module.averaged.module.cpu())
    for name, value in model.network.state_dict().items():
        torch.testing.assert_close(value, module.averaged.module.state_dict()[name].half().float())


def test_checkpoints_of_another_network_are_refused(run_to, tmp_path):
    run_to("run", 1)
    other = tiny_settings(network={"sizes": "small"})
    with pytest.raises(UnusableInput, match="not one of a run with these settings"):
        averaged_network(other, tmp_path / "run" / LAST)


def test_a_second_run_does_not_overwrite_the_first(run_to):
    run_to("run", 1)
    with pytest.raises(UnusableInput, match="add --resume"):
        run_to("run", 2)
    with pytest.raises(UnusableInput, match="leave --resume out"):
        run_to("other", 2, resume=True)


def test_crops_that_the_network_cannot_take_are_refused(run_to):
    with pytest.raises(UnusableInput, match="multiple of 16"):
        run_to("run", 1, tiny_settings(simulated_pairs={"crop": 20}))


def test_failures_on_the_command_line_are_one_sentence(tmp_path, capsys):
    settings = tmp_path / "settings.yaml"
    settings.write_text("nme: tiny\nnetwork: {sizes: small}\n")
    places = ["--data", "a", "--validation", "b", "--run", "c"]
    assert main(["train", "--config", str(settings), *places]) == 2
    assert "'nme' in settings is not known" in capsys.readouterr().err


def test_samples_of_all_processes_are_those_of_one():
    def first(order: SampleOrder, count: int) -> list[int]:
        return [number for number, _ in zip(order, range(count), strict=False)]

    assert first(SampleOrder(first_step=3, batch=2), 4) == [6, 7, 8, 9]
    both = [first(SampleOrder(0, 2, process, 2), 4) for process in (0, 1)]
    assert both == [[0, 1, 4, 5], [2, 3, 6, 7]]


def test_the_learning_rate_warms_up_stays_and_decays():
    schedule = WarmUpConstantDecay(4)
    assert [schedule(step) for step in (0, 3, 1000)] == [0.25, 1.0, 1.0]
    schedule.begin_decay(1000, 10)
    schedule.begin_decay(1005, 99)
    assert [schedule(step) for step in (1000, 1005, 1010, 1011)] == [1.0, 0.5, 0.0, 0.0]
    assert not schedule.ended(1009)
    assert schedule.ended(1010)


def test_the_learning_rate_drops_after_three_validations_without_gain():
    schedule = DropOnPlateau()
    for value in (30.0, 31.0, 30.9, 31.0):
        schedule.validated(value)
    assert schedule(0) == 1.0
    schedule.validated(30.5)
    assert schedule(0) == pytest.approx(0.1)
    for _ in range(8):
        schedule.validated(30.0)
    assert not schedule.ended(0)
    schedule.validated(30.0)
    assert schedule.ended(0)


def test_psnr_leaves_the_outer_five_slices_out_and_clips():
    truth = np.zeros((14, 4, 4), np.int16)
    made = truth + 3.072
    made[:5] += 500
    made[-5:] += 500
    assert paper_psnr(made, truth) == pytest.approx(60, abs=1e-3)
    bone = np.full((14, 4, 4), 2048 - 3.072)
    assert paper_psnr(bone, np.full((14, 4, 4), 3000)) == pytest.approx(60, abs=1e-3)


def test_doubt_can_be_trained_alone(run_to, tmp_path):
    run_to("slices", 1)
    weights = tmp_path / "tiny.safetensors"
    export_weights(tiny_settings(), tmp_path / "slices" / LAST, weights)
    alone = tiny_settings(optimisation={"learning_rate": 1e-2, "batch": 2, "average": 0.0, "doubt_only": True})
    new = run_to("doubt", 3, alone, start=weights).network.state_dict()
    changed = {
        name for name, old in load_model(weights).network.state_dict().items() if not torch.equal(old, new[name])
    }
    assert {"doubt.first.weight", "doubt.last.bias"} <= changed
    assert all(name.startswith("doubt.") for name in changed)
