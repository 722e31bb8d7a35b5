"""A worker that is done in a moment: a real process with the engine's events and files, but thin slices of one value.

Stands for `python -m ThinSliceSRLib.engine synthesize` where a test is about what the panel does with many runs; it can
prove nothing about the engine. The file `behaviour` beside the program that `install` makes says what it does:
`finish`; `hold`, to stand still with slices to see until the file says otherwise or the run is cancelled; or `fail`.
"""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path

CANCELLED = 130
DEVICE_FAILED = 4


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


def main(folder: Path, arguments: list[str]) -> int:
    thick = next(Path(part) for part in arguments if part.endswith("thick.nrrd"))
    dls = thick.with_name("dls.nrrd")
    with thick.open("rb") as file:
        lines = iter(file.readline, b"\n")
        header = dict(line.decode().strip().split(": ", 1) for line in lines if b": " in line)
    i, j, k = (int(size) for size in header["sizes"].split())
    thin = {"size": [i, j, 5 * (k - 1) + 1], "spacing_mm": [0.7, 0.7, 1.0]}
    pixels = thin["size"][0] * thin["size"][1] * thin["size"][2]
    slab = {"thickness_mm": 5.0, "spacing_mm": 5.0, "told_by": "nobody"}
    told = {"slice_axis": 2, "input": {"slab": slab}, "output": thin, "synthesis": thin, "slab_consistency": "on"}
    told |= {"device": "cpu", "precision": "float32"}
    told |= {"weights": {"name": "fast", "sha256": "0"}, "engine_version": "0", "air": "network"}
    event("started", **told)
    thick.with_name("preview.raw").write_bytes(bytes(2 * pixels))
    event("progress", stage="synthesize", done=1, total=2, eta_s=1.0, slices=[0, 1])
    while (behaviour := (folder / "behaviour").read_text()) == "hold":
        if select.select([sys.stdin], [], [], 0.005)[0] and not os.read(sys.stdin.fileno(), 100):
            return CANCELLED
    if behaviour == "fail":
        event("failed", code="device", message="The device has failed.")
        return DEVICE_FAILED
    for file in (dls, dls.with_name("bis.nrrd")):
        file.write_bytes(bytes(2 * pixels))
    event("finished", seconds=0.1, outputs={"dls": str(dls)}, slab_error_hu={"mean": 1.0})
    return 0


def event(name: str, **facts: object) -> None:
    print(json.dumps({"event": name, **facts}), flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
