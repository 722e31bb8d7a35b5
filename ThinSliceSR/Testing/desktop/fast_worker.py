"""A worker that is done in a moment: a real process with the engine's events and files, but thin slices of one value.

Stands for `python -m ThinSliceSRLib.engine` and its verbs `synthesize` and `doubt`, where a test is about what the
panel does with many runs; it can prove nothing about the engine. The file `behaviour` beside the program that `install`
makes says what it does: `finish`; `doubtless`, as a model without doubt; `hold`, to stand still with slices to see
until the file says otherwise or the run is cancelled; or `fail`.
"""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path

CANCELLED = 130
DEVICE_FAILED = 4
UNUSABLE = 2
WEIGHTS_REFUSED = 3


def install(folder: Path) -> Path:
    """Makes the program `python` in the folder, which stands for Slicer's; it finishes unless told otherwise."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{__file__}" "{folder}" "$@"\n')
    program.chmod(0o755)
    tell(folder, "finish")
    return program


def tell(folder: Path, behaviour: str) -> None:
    """What the worker of this folder does from now on."""
    (folder / "behaviour.new").write_text(behaviour)
    os.replace(folder / "behaviour.new", folder / "behaviour")


DOUBT_HU = 90
PLACES = (
    {"kind": "stands", "position": [2.0, -29.0, -291.0], "i": 11, "j": 13, "k": 9, "size_mm": 4.2}
    | {"hu_dls": -310, "hu_bis": -790, "doubt_hu": 88},
    {"kind": "vanishes", "position": [-2.0, -27.0, -284.0], "i": 17, "j": 10, "k": 16, "size_mm": 10.0}
    | {"hu_dls": -800, "hu_bis": -500, "doubt_hu": 140},
    {"kind": "stands", "position": [0.0, -30.0, -278.0], "i": 14, "j": 14, "k": 22, "size_mm": 2.5}
    | {"hu_dls": -100, "hu_bis": -700, "doubt_hu": 61},
)


def main(folder: Path, arguments: list[str]) -> int:
    return find_places(folder, arguments) if "doubt" in arguments else synthesize(folder, arguments)


def find_places(folder: Path, arguments: list[str]) -> int:
    """Stands for the verb `doubt`, which needs three volumes."""
    given = [Path(part) for part in arguments if part.endswith(".nrrd")]
    event("progress", stage="places", done=0, total=1, eta_s=None)
    if stopped(folder):
        return CANCELLED
    if [file.name for file in given if file.is_file()] != ["dls.nrrd", "bis.nrrd", "doubt.nrrd"]:
        event("failed", code="unreadable", message="A volume is missing.")
        return UNUSABLE
    event("finished", seconds=0.1, outputs={}, places=PLACES)
    return 0


def stopped(folder: Path) -> bool:
    """Whether the run was cancelled while it was told to hold."""
    while (folder / "behaviour").read_text() == "hold":
        if select.select([sys.stdin], [], [], 0.005)[0] and not os.read(sys.stdin.fileno(), 100):
            return True
    return False


def synthesize(folder: Path, arguments: list[str]) -> int:
    thick = next(Path(part) for part in arguments if part.endswith("thick.nrrd"))
    dls = thick.with_name("dls.nrrd")
    with thick.open("rb") as file:
        lines = iter(file.readline, b"\n")
        header = dict(line.decode().strip().split(": ", 1) for line in lines if b": " in line)
    i, j, k = (int(size) for size in header["sizes"].split())
    thin = {"size": [i, j, 5 * (k - 1) + 1], "spacing_mm": [0.7, 0.7, 1.0]}
    pixels = thin["size"][0] * thin["size"][1] * thin["size"][2]
    thick_grid = {"size": [i, j, k], "spacing_mm": [0.7, 0.7, 5.0]}
    slab = {"thickness_mm": 5.0, "spacing_mm": 5.0, "told_by": "nobody"}
    told = {
        "slice_axis": 2,
        "input": {**thick_grid, "slab": slab},
        "output": thin,
        "synthesis": thin,
        "slab_consistency": "on",
    }
    told |= {"device": "cpu", "precision": "float32"}
    told |= {"weights": {"name": "fast", "sha256": "0"}, "engine_version": "0", "cubes": 2, "air": "network"}
    told["quality"] = arguments[arguments.index("--quality") + 1]
    event("started", **told)
    thick.with_name("preview.raw").write_bytes(bytes(2 * pixels))
    event("progress", stage="synthesize", done=1, total=2, eta_s=1.0, slices=[0, 1])
    if stopped(folder):
        return CANCELLED
    behaviour = (folder / "behaviour").read_text()
    if behaviour == "doubtless" and "--doubt" in arguments:
        event("failed", code="no_doubt", message="The model fast cannot tell where it may be wrong.")
        return WEIGHTS_REFUSED
    if behaviour == "fail":
        event("failed", code="device", message="The device has failed.")
        return DEVICE_FAILED
    for file in (dls, dls.with_name("bis.nrrd")):
        file.write_bytes(bytes(2 * pixels))
    outputs = {"dls": str(dls)}
    if "--doubt" in arguments:
        dls.with_name("doubt.nrrd").write_bytes(DOUBT_HU.to_bytes(2, "little") * pixels)
        outputs["doubt"] = str(dls.with_name("doubt.nrrd"))
    made = {"device": "cpu", "precision": "float32", "slab_bell_share": 0.0}
    event("finished", seconds=0.1, outputs=outputs, slab_error_hu={"mean": 1.0, "p99": 2.0}, **made)
    return 0


def event(name: str, **facts: object) -> None:
    print(json.dumps({"event": name, **facts}), flush=True)


def arguments_of_line() -> list[str]:
    """Those that one that stands by is told later; nothing beyond them is read. It ends when its input ends."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(sys.stdin.fileno(), 1)
        if not byte:
            sys.exit(0)
        line += byte
    return json.loads(line)


if __name__ == "__main__":
    told = sys.argv[2:]
    sys.exit(main(Path(sys.argv[1]), arguments_of_line() if "--stand-by" in told else told))
