"""`python -m benchmarks.event_loop`: how long the panel keeps Slicer's event loop from everything else.

The real panel, worker and MRML with the stand-ins of the desktop's tests for Slicer's own widgets; slice views draw
into memory. Each row is one thing that a user does: the longest time between two ticks of a timer of 10 ms beside it,
the most CPU time that this thread took in such a time, which tells more on a busy machine, and whose code took it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "ThinSliceSR" / "Testing" / "desktop"
TICK_MS = 10
WATCH_S = 0.02
OURS = str(Path("ThinSliceSRLib", "desktop"))
OWN_VIEWS = ("Red", "Yellow", "Green")


@dataclass
class Row:
    """What one thing took: milliseconds of the longest gap, by the clock and of CPU, and where the most time went."""

    name: str
    gap_ms: float = 0.0
    cpu_ms: float = 0.0
    place: str = ""


class Heartbeat:
    """Ticks beside the panel, and remembers the longest time between two ticks in the row that is open."""

    def __init__(self) -> None:
        import qt

        self.rows: list[Row] = []
        self._last = self._last_cpu = 0.0
        self._places: list[str] = []
        self._timer = qt.QTimer()
        self._timer.timeout.connect(self._tick)
        self._main = threading.get_ident()
        threading.Thread(target=self._watch, daemon=True).start()

    @contextmanager
    def row(self, name: str) -> Iterator[None]:
        """What is done within is measured under this name."""
        self.rows.append(Row(name))
        self._begin()
        self._timer.start(TICK_MS)
        yield
        self._tick()
        self._timer.stop()
        print_row(self.rows[-1])

    def _begin(self) -> None:
        self._last, self._last_cpu = time.perf_counter(), time.thread_time()
        self._places = []

    def _tick(self) -> None:
        gap, cpu = time.perf_counter() - self._last, time.thread_time() - self._last_cpu
        row = self.rows[-1]
        if cpu * 1000 > row.cpu_ms:
            row.cpu_ms = cpu * 1000
            row.place = max(set(self._places), key=self._places.count, default="")
        row.gap_ms = max(row.gap_ms, gap * 1000)
        self._begin()

    def _watch(self) -> None:
        """Notes again and again where the main thread is."""
        while True:
            time.sleep(WATCH_S)
            place = _place_of(sys._current_frames().get(self._main))
            if place:
                self._places.append(place)


def _place_of(frame: FrameType | None) -> str:
    """The innermost function of the panel's in which a thread is; empty in none."""
    while frame is not None:
        if OURS in frame.f_code.co_filename:
            return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"
        frame = frame.f_back
    return ""


class DrawnViews:
    """Draws slice views anew when what they show has changed, each in a turn of its own, as Slicer's views do."""

    def __init__(self, views: Any) -> None:
        self._views = views
        self._timers: dict[str, Any] = {}

    def watch(self, names: Any) -> None:
        """Draws these views from now on."""
        import qt

        for name in names:
            if name in self._timers:
                continue
            timer = self._timers[name] = qt.QTimer()
            timer.timeout.connect(partial(self._draw, name))
            self._views.logic(name).AddObserver("ModifiedEvent", lambda *_event, timer=timer: timer.start(0))

    def _draw(self, name: str) -> None:
        self._timers[name].stop()
        if self._views.logic(name).GetImageDataConnection() is not None:  # else it shows nothing
            self._views.pixels(name)


def print_row(row: Row) -> None:
    print(f"{row.name:52}{row.gap_ms:9.0f}{row.cpu_ms:9.0f}  {row.place}", flush=True)


def noise_volume(name: str, size: tuple[int, int, int]) -> Any:
    """A volume node of lung and soft tissue with noise; size: columns, rows, slices."""
    import slicer
    from driving import add_thick_volume

    columns, rows, slices = size
    node = add_thick_volume(name, slices=slices, matrix=columns)
    assert slicer.util.arrayFromVolume(node).shape == (slices, rows, columns)
    return node


def measure(size: tuple[int, int, int], temporary: Path) -> list[Row]:
    """Goes through all that the panel has, on a volume of this size (columns, rows, slices)."""
    import slicer
    from driving import choose, open_module, wait_for
    from fast_worker import install, tell
    from slice_views import SliceViews

    heart = Heartbeat()
    views = SliceViews(slicer.mrmlScene)
    colours = slicer.vtkMRMLColorLogic()
    colours.SetMRMLScene(slicer.mrmlScene)
    drawn = DrawnViews(views)
    for name in OWN_VIEWS:
        views.node(name).SetMappedInLayout(True)
    drawn.watch(OWN_VIEWS)
    module = open_module(__name__)
    ui, panel = module.ui, module.panel

    def rest(seconds: float = 1.0) -> None:
        end = time.monotonic() + seconds
        wait_for(lambda: time.monotonic() > end)

    def idle() -> bool:
        return bool(ui.applyButton.text == "Apply" and ui.applyButton.enabled)

    thick = noise_volume("Thick", size)
    thick.GetDisplayNode().AutoWindowLevelOff()
    for name in OWN_VIEWS:
        views.composite(name).SetBackgroundVolumeID(thick.GetID())
    rest()
    choose(ui.inputSelector, None)
    rest()
    python = sys.executable
    with heart.row("choose the input"):
        choose(ui.inputSelector, thick)
        wait_for(idle)
        rest()
    module._parameters.device = "cpu"
    with heart.row("Apply, until there is something to look at"):
        ui.applyButton.click()
        wait_for(lambda: panel._run.visible, 120)
    with heart.row("the real worker, until finished slices have come"):
        wait_for(lambda: panel._run is None or _has_own_slices(panel._run), 600)
        rest(2)
    with heart.row("cancel"):
        ui.applyButton.click()
        wait_for(idle)
        rest()
    sys.executable = str(install(temporary))
    with heart.row("a run whose worker is done at once, to its end"):
        ui.applyButton.click()
        wait_for(lambda: panel._run is None and idle(), 120)
        rest()
    with heart.row("compare side by side"):
        ui.compareButton.click()
        drawn.watch(views.shown_names())
        rest(2)
    tell(temporary, "hold")
    with heart.row("slices that arrive while nine views compare"):
        ui.applyButton.click()
        wait_for(lambda: panel._run.visible, 120)
        rest(3)
    tell(temporary, "finish")
    with heart.row("the end of that run"):
        wait_for(lambda: panel._run is None and idle(), 120)
        rest()
    with heart.row("back to the own layout"):
        ui.compareButton.click()
        rest()
    with heart.row("fade"):
        for value in range(0, 100, 10):
            ui.fadeSlider.value = value
            rest(0.05)
        rest()
    with heart.row("what the network added, DLS - BIS"):
        ui.differenceButton.click()
        wait_for(lambda: _shown_in_front("DLS-BIS"), 120)
        rest()
    ui.differenceButton.click()
    rest()
    sys.executable = python
    with heart.row("the dialog of an export"):
        from ThinSliceSRLib.desktop.dicom.export_dialog import ExportDialog

        dialog = ExportDialog(has_bis=True)
        dialog.widget.show()
        rest(0.5)
        dialog.widget.close()
    with heart.row("the sample data's phantom"):
        from ThinSliceSRLib.desktop.setup.sample_data import PHANTOM
        from ThinSliceSRLib.desktop.setup.sample_volumes import load_chosen_sample

        source = type("Source", (), {"sampleName": PHANTOM})
        load_chosen_sample(source)
        rest()
    choose(ui.inputSelector, thick)
    tell(temporary, "hold")
    sys.executable = str(temporary / "python")
    wait_for(idle)
    ui.applyButton.click()
    wait_for(lambda: panel._run.visible, 120)
    with heart.row("the scene is closed during a run"):
        slicer.mrmlScene.Clear(False)
        rest()
    module.cleanup()
    slicer.modules.ThinSliceSRInstance.stopLabels()
    views.close()
    return heart.rows


def _has_own_slices(run: Any) -> bool:
    """Whether the worker has told of a finished slice."""
    import slicer

    if run.results.bis is None or not run.visible:
        return False
    dls, bis = (slicer.util.arrayFromVolume(node)[:, ::64, ::64] for node in (run.results.dls, run.results.bis))
    return not np.array_equal(dls, bis)


def _shown_in_front(name: str) -> bool:
    """Whether a volume of such a name lies in front in a view of the user's."""
    import slicer

    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    front = [slicer.mrmlScene.GetNodeByID(view.GetForegroundVolumeID() or "") for view in views]
    return any(volume is not None and name in volume.GetName() for volume in front)


def volume_size(text: str) -> tuple[int, int, int]:
    """Columns, rows and slices, from "512x512x60"."""
    columns, rows, slices = map(int, text.split("x"))
    return columns, rows, slices


def main(arguments: list[str] | None = None, measured: Callable[..., list[Row]] = measure) -> int:
    """Prints the table. Returns 1 when a gap is longer than wanted, in CPU time."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.event_loop", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--volume", type=volume_size, default=(512, 512, 60), help="such as 512x512x60")
    parser.add_argument("--wanted-ms", type=float, default=100.0, help="the longest gap that is wanted; 100 by default")
    chosen = parser.parse_args(arguments)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    sys.path[:0] = [str(path) for path in (ROOT / "ThinSliceSR", TESTS, TESTS / "stand_ins")]
    import qt

    application = qt.QApplication.instance() or qt.QApplication([])  # which lives as long as it has a name
    import slicer
    import slicer.util

    print(f"{'longest gap of the event loop':52}{'ms':>9}{'CPU ms':>9}  where")
    with tempfile.TemporaryDirectory() as temporary:
        slicer.app.temporaryPath = temporary
        slicer.util.mainWindow = lambda: None
        (Path(temporary) / "worker").mkdir()
        rows = measured(chosen.volume, Path(temporary) / "worker")
    del application
    return int(any(row.cpu_ms > chosen.wanted_ms for row in rows))


if __name__ == "__main__":
    sys.exit(main())
