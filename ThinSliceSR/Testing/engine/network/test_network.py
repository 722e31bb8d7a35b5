"""The network computes what the published one computes, and starts at linear interpolation when it is ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from models import SLABS, TINY
from reference.reference_weights import reference_input, reference_weights
from ThinSliceSRLib.engine.errors import WeightsError
from ThinSliceSRLib.engine.network.configuration import BASE, PUBLISHED, SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import CTHNet, linear_interpolation
from ThinSliceSRLib.engine.network.doubt import DoubtHead, log_size
from ThinSliceSRLib.engine.network.slab_inputs import ForSlabs
from ThinSliceSRLib.engine.network.slices import as_images, as_volumes
from ThinSliceSRLib.engine.weights.weights_file import untrained_network

REFERENCE = Path(__file__).parents[1] / "reference"


def test_the_published_network_gives_the_published_output():
    network = CTHNet(PUBLISHED).eval()
    weights = reference_weights({name: tuple(value.shape) for name, value in network.named_parameters()})
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    through_plane, in_plane = [], []
    network.conv_after_E.register_forward_hook(lambda _, __, output: through_plane.append(output))
    network.Decoder_I1.register_forward_hook(lambda _, inputs, output: in_plane.extend((inputs[0], output)))

    with torch.inference_mode():
        output = network(torch.from_numpy(reference_input())[None, None])[0, 0].numpy()

    expected = np.load(REFERENCE / "expected.npz")
    np.testing.assert_allclose(output[:, ::4, ::4], expected["output"], atol=1e-4, rtol=0)
    np.testing.assert_allclose(output.mean((1, 2)), expected["output_mean"], atol=1e-4, rtol=0)
    np.testing.assert_allclose(output.std((1, 2)), expected["output_std"], atol=1e-4, rtol=0)
    np.testing.assert_allclose(through_plane[0][0, :, :, ::16, ::16], expected["encoded"], atol=1e-4, rtol=0)
    decoded_through_plane = in_plane[0][0].unflatten(-1, (36, 8)).permute(2, 3, 0, 1)  # (slice, channel, row, column)
    np.testing.assert_allclose(decoded_through_plane[:, :, ::32, ::32], expected["through_plane"], atol=1e-4, rtol=0)
    decoded_in_plane = in_plane[1][0].permute(2, 0, 1).unflatten(0, (8, 36))
    np.testing.assert_allclose(decoded_in_plane[:, :, ::32, ::32], expected["in_plane"], atol=1e-4, rtol=0)


def test_the_published_sizes_have_the_published_number_of_parameters():
    parameters = dict(CTHNet(PUBLISHED).named_parameters())
    assert sum(value.numel() for value in parameters.values()) == 10_606_217
    assert len(parameters) == 242
    assert parameters["Encoder.layers.0.blocks.3.attn.relative_position_bias_table"].shape == (27, 8)
    assert parameters["Decoder_T1.layers.0.residual_group.blocks.0.attn.relative_position_bias_table"].shape == (49, 8)
    assert parameters["Decoder_I1.layers.1.residual_group.blocks.3.mlp.fc2.weight"].shape == (288, 4 * 288)
    assert parameters["conv_before_upsample.0.weight"].shape == (16, 8, 1, 1, 1)


def test_the_state_dict_holds_weights_alone():
    assert set(CTHNet(SMALL).state_dict()) == set(dict(CTHNet(SMALL).named_parameters()))


@pytest.mark.parametrize("config", [BASE, SMALL], ids=["base", "small"])
def test_an_untrained_network_interpolates_linearly(config: NetworkConfiguration):
    thick = torch.rand(1, 1, 8, 32, 48)
    with torch.inference_mode():
        thin = untrained_network(config)(thick, SLABS)
    torch.testing.assert_close(thin, linear_interpolation(thick, 5), atol=0, rtol=0)
    torch.testing.assert_close(thin[:, :, ::5], thick)
    torch.testing.assert_close(thin[:, :, 7], 0.6 * thick[:, :, 1] + 0.4 * thick[:, :, 2])


def test_the_axis_layouts_differ_in_what_the_decoders_see_but_not_in_their_weights():
    config = replace(SMALL, image_skip=False)
    corrected, published = CTHNet(config).eval(), CTHNet(replace(config, axis_layout="published")).eval()
    published.load_state_dict(corrected.state_dict())
    thick = torch.rand(1, 1, 8, 16, 16)
    with torch.inference_mode():
        assert not torch.allclose(corrected(thick, SLABS), published(thick, SLABS), atol=1e-3)


def test_slice_major_decoders_respond_to_a_slice_where_it_lies():
    """A change in the first thick slice must not reach the far end of the cube's features through a scrambled axis."""
    torch.manual_seed(0)
    config = replace(SMALL, in_plane_fold=1, image_skip=False, through_plane_window=2, in_plane_groups=0)
    network = CTHNet(config).eval()
    thick = torch.rand(1, 1, 8, 16, 16)
    changed = thick.clone()
    changed[:, :, 0] += 0.5
    with torch.inference_mode():
        features, features_changed = (network.conv_after_E(network.Encoder(x, SLABS)) for x in (thick, changed))
        nearest = torch.arange(36) * 8 // 36
        difference = network._through_plane(features[:, :, nearest]) - network._through_plane(
            features_changed[:, :, nearest]
        )
    moved = difference.unflatten(-1, (36, -1)).abs().amax(dim=(0, 1, 2, 4))
    assert moved[:9].min() > 1e-4
    assert moved[32:].max() < moved[:9].min()


def test_batches_are_independent():
    network = CTHNet(replace(SMALL, image_skip=False)).eval()
    thick = torch.rand(2, 1, 8, 16, 16)
    with torch.inference_mode():
        together = network(thick, SLABS.expand(2, -1))
        alone = torch.cat([network(thick[:1], SLABS), network(thick[1:], SLABS)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_slab_inputs_change_nothing_at_first_and_are_heeded_then():
    torch.manual_seed(0)
    network = CTHNet(replace(TINY, image_skip=False)).eval()
    thick, others = torch.rand(2, 1, 8, 16, 16), torch.tensor([[2.0, 4.0, 1.0]])
    with torch.inference_mode():
        before = network(thick, SLABS.expand(2, -1))
        torch.testing.assert_close(network(thick, others.expand(2, -1)), before)
        for modulation in (network.Encoder.modulation, network.slice_modulation):
            torch.nn.init.normal_(modulation.last.weight)
            changed = network(thick, torch.cat([SLABS, others]))
            torch.testing.assert_close(changed[:1], network(thick[:1], SLABS))
            assert (changed[1] - network(thick[1:], SLABS)[0]).abs().mean() > 1e-3
            torch.nn.init.zeros_(modulation.last.weight)


def test_the_doubt_of_each_cube_heeds_its_own_slab_inputs():
    torch.manual_seed(0)
    head = DoubtHead(2, 4, 3).eval()
    for layer in (head.modulation.last, head.last):
        torch.nn.init.normal_(layer.weight)
    features, added, steps = torch.rand(6, 2, 8, 8), torch.rand(6, 4, 8, 8), torch.rand(6, 4, 8, 8)  # of two cubes
    slabs = torch.cat([SLABS, torch.tensor([[2.0, 4.0, 1.0]])])
    known = as_volumes(torch.cat((features, log_size(added), log_size(steps)), 1), 2)
    with torch.inference_mode():
        scale, shift = (factor[..., None, None, None] for factor in head.modulation(slabs))
        hidden = torch.nn.functional.leaky_relu(head.first(known) * scale + shift, 0.01)
        expected = as_images(head.last(hidden))
        torch.testing.assert_close(head(features, added, steps, slabs), expected, atol=1e-4, rtol=1e-4)
        assert (scale[0] - scale[1]).abs().min() > 1e-3


def test_a_network_that_asks_for_slab_inputs_does_not_run_without():
    with pytest.raises(ValueError, match="how its thick slices were measured"):
        CTHNet(TINY)(torch.rand(1, 1, 8, 16, 16))


def test_a_network_for_one_volume_takes_cubes_alone():
    network = CTHNet(TINY).eval()
    thick = torch.rand(3, 1, 8, 16, 16)
    with torch.inference_mode():
        alone = ForSlabs(network, SLABS)(thick)
        torch.testing.assert_close(alone, network(thick, SLABS.expand(3, -1)))


def test_a_configuration_survives_json():
    assert NetworkConfiguration.from_json(SMALL.to_json()) == SMALL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"unheard_of": 1}',
        '{"axis_layout": "sideways"}',
        '{"ratio": 4}',
        '{"trim": 16}',
        '{"spacings_mm": [10, 2]}',
        '{"spacings_mm": [-5, -1]}',
        '{"overlaps": [0, 1]}',
        '{"hu_range": [0, 1e-30]}',
        '{"encoder_heads": 5}',
        '{"in_plane_fold": 0}',
        '{"cube": [7, 64, 64]}',
        '{"ratio": 3}',
    ],
)
def test_a_configuration_that_is_none_is_refused(text: str):
    with pytest.raises(WeightsError):
        NetworkConfiguration.from_json(text)
