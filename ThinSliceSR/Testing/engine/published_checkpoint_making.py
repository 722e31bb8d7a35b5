"""Writes checkpoints as the published code does: whole modules, pickled with classes that exist only in that process.

    python published_checkpoint_making.py FOLDER

makes the package `net` there, with the classes that the published code has in net.model_TransSR, and then writes
zip.pkl, legacy.pkl (the module in both formats of torch.save), parallel.pth (within nn.DataParallel) and state.pth
({'net': state dict}). The classes stand for the published ones by their names and by what is pickled of them: trees of
torch.nn modules, `relative_position_index` buffers, an `attn_mask` that is None, and dropout.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path

import torch
from reference.reference_weights import reference_weights
from ThinSliceSRLib.engine.network.configuration import PUBLISHED
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from torch import nn

CLASSES = """
from torch import nn

class TransSR(nn.Module): pass
class Encoder(nn.Module): pass
class EncoderLayer(nn.Module): pass
class Decoder(nn.Module): pass
class DecoderGroup(nn.Module): pass
class TransformerLayer(nn.Module): pass
class WindowAttention(nn.Module): pass
class Perceptron(nn.Module): pass
"""


def published_tree(module: nn.Module, classes: object) -> nn.Module:
    """The module with every class that is ours replaced by the published code's, as far as a pickle shows."""
    if isinstance(module, nn.Sequential):
        # Ours with names for their parts are modules of classes of their own there.
        numbered = all(name.isdigit() for name, _ in module.named_children())
        tree = nn.Sequential() if numbered else classes.Decoder()
    elif type(module).__module__.startswith("torch.nn"):
        tree = module
    else:
        tree = getattr(classes, {"CTHNet": "TransSR"}.get(type(module).__name__, type(module).__name__))()
        for name, parameter in module.named_parameters(recurse=False):
            tree.register_parameter(name, parameter)
    for name, child in module.named_children():
        tree.add_module(name, published_tree(child, classes))
    if hasattr(module, "relative_position_index"):
        tree.register_buffer("relative_position_index", module.relative_position_index)
        tree.softmax, tree.attn_drop, tree.norm_class = nn.Softmax(dim=-1), nn.Dropout(0.0), nn.LayerNorm
        tree.register_buffer("attn_mask", None)
    return tree


def published_module(folder: Path) -> nn.Module:
    """The published network with the reference weights, as an instance of classes from `folder`."""
    (folder / "net").mkdir()
    (folder / "net" / "__init__.py").touch()
    (folder / "net" / "model_TransSR.py").write_text(CLASSES)
    sys.path.insert(0, str(folder))
    from net import model_TransSR

    network = CTHNet(PUBLISHED)
    weights = reference_weights({name: tuple(value.shape) for name, value in network.named_parameters()})
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return published_tree(network, model_TransSR)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    net = published_module(target)
    config = OrderedDict(lr=3e-4, optim="AdamW", vc_z=8, path_img=Path("ct"), device=torch.device("cpu"))
    torch.save({"net": net, "config_dict": config}, target / "zip.pkl")
    torch.save({"net": net, "config_dict": config}, target / "legacy.pkl", _use_new_zipfile_serialization=False)
    torch.save({"net": nn.DataParallel(net), "config_dict": config}, target / "parallel.pth")
    torch.save({"net": net.state_dict()}, target / "state.pth")
