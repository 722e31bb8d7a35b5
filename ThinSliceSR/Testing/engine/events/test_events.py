"""Events as programs read them: the JSON of each, and what becomes of JSON of other versions."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.events.json_lines import event_of, facts_of, line_of
from ThinSliceSRLib.engine.events.progress import JsonReporter
from ThinSliceSRLib.engine.events.told import (
    EVENTS,
    BatchFinished,
    BatchStarted,
    DevicesListed,
    DownloadFinished,
    Event,
    ExportFinished,
    Failed,
    Finished,
    Grid,
    Input,
    Noted,
    PlacesFinished,
    Progressed,
    Series,
    Slab,
    SlabErrorHu,
    Started,
    SynthesisFinished,
    SynthesisStarted,
    Warned,
    Weights,
    WeightsListed,
)

MODULE = Path(__file__).parents[3]
SIZE, SPACING = (512, 512, 60), (0.7, 0.7, 5.0)
SLAB = Slab(5.0, 5.0, "header")
STARTED = SynthesisStarted(
    slice_axis=2,
    input=Input(SIZE, SPACING, SLAB),
    output=Grid((512, 512, 296), (0.7, 0.7, 1.0)),
    synthesis=Grid((512, 512, 296), (0.7, 0.7, 1.0)),
    device="cpu",
    precision="float32",
    weights=Weights("cthnet-small", "ab" * 32),
    engine_version="1.0",
    cubes=40,
    air="interpolated",
    slab_consistency="on",
)
# As programs of others have read them since the first version.
JSON: list[tuple[Event, dict[str, Any]]] = [
    (
        STARTED,
        {
            "event": "started",
            "slice_axis": 2,
            "input": {
                "size": [512, 512, 60],
                "spacing_mm": [0.7, 0.7, 5.0],
                "slab": {"thickness_mm": 5.0, "spacing_mm": 5.0, "told_by": "header"},
                "values": "as stored",
            },
            "output": {"size": [512, 512, 296], "spacing_mm": [0.7, 0.7, 1.0]},
            "synthesis": {"size": [512, 512, 296], "spacing_mm": [0.7, 0.7, 1.0]},
            "device": "cpu",
            "precision": "float32",
            "weights": {"name": "cthnet-small", "sha256": "ab" * 32},
            "engine_version": "1.0",
            "cubes": 40,
            "air": "interpolated",
            "slab_consistency": "on",
            "quality": "standard",
        },
    ),
    (
        BatchStarted(9, 2, 1, 4, None, "cpu", "float32", Weights("w", "c"), "1.0", "manifest.db"),
        {"event": "started", "volumes": 9, "skipped": 2, "left_out": 1, "workers": 4, "dashboard": None}
        | {"device": "cpu", "precision": "float32", "weights": {"name": "w", "sha256": "c"}}
        | {"engine_version": "1.0", "manifest": "manifest.db"},
    ),
    (
        WeightsListed({"own": "here"}, [{"name": "w"}], [], {"gpu": None, "cpu": "w"}),
        {"event": "started", "folders": {"own": "here"}, "weights": [{"name": "w"}], "registered": []}
        | {"automatic": {"gpu": None, "cpu": "w"}},
    ),
    (Warned("c", "m"), {"event": "warning", "code": "c", "message": "m"}),
    (Noted("c", "m"), {"event": "note", "code": "c", "message": "m"}),
    (
        Progressed("read", 0, 1, None),
        {"event": "progress", "stage": "read", "done": 0, "total": 1, "eta_s": None},
    ),
    (
        Progressed("synthesize", 7, 40, 31.5, (35, 66)),
        {"event": "progress", "stage": "synthesize", "done": 7, "total": 40, "eta_s": 31.5, "slices": [35, 66]},
    ),
    (
        SynthesisFinished(37.2, {"dls": "d"}, "cpu", "float32", 0.25, SlabErrorHu(1.5, 9.0)),
        {"event": "finished", "seconds": 37.2, "outputs": {"dls": "d"}, "device": "cpu", "precision": "float32"}
        | {"slab_bell_share": 0.25, "slab_error_hu": {"mean": 1.5, "p99": 9.0}},
    ),
    (
        BatchFinished(1.5, 9, 2, 1, {"spacing_unusual": 1}, "manifest.db"),
        {"event": "finished", "seconds": 1.5, "volumes": 9, "skipped": 2, "with_warnings": 1}
        | {"warnings": {"spacing_unusual": 1}, "manifest": "manifest.db"},
    ),
    (
        PlacesFinished(1.5, {}, [{"kind": "stands"}]),
        {"event": "finished", "seconds": 1.5, "outputs": {}, "places": [{"kind": "stands"}]},
    ),
    (
        ExportFinished(1.5, {"dicom": "f"}, {"DLS": "1.2"}),
        {"event": "finished", "seconds": 1.5, "outputs": {"dicom": "f"}, "series": {"DLS": "1.2"}},
    ),
    (DownloadFinished({"weights": "w"}), {"event": "finished", "outputs": {"weights": "w"}}),
    (
        DevicesListed("2.2", None, [{"device": "cpu"}], "cpu"),
        {"event": "finished", "torch": "2.2", "cuda": None, "devices": [{"device": "cpu"}], "auto": "cpu"},
    ),
    (Finished(), {"event": "finished"}),
    (Failed("c", "m"), {"event": "failed", "code": "c", "message": "m"}),
]


@pytest.mark.parametrize(("event", "told"), JSON, ids=lambda value: type(value).__name__)
def test_an_event_is_this_json_and_comes_back_from_it(event: Event, told: dict[str, Any]):
    line = line_of(event)
    assert json.loads(line) == told
    assert list(json.loads(line)) == list(told)
    assert event_of(line) == event
    assert event_of(json.dumps({**told, "of_a_later_version": 1}).encode()) == event


def test_every_event_has_its_json_here():
    assert {type(event) for event, _ in JSON} | {Started} == set(EVENTS)
    for kind in EVENTS:
        assert "event" not in {each.name for each in fields(kind)}


def test_the_series_of_dicom_is_told_where_there_is_one():
    told = facts_of(Input(SIZE, SPACING, SLAB, series=Series("1.2", "Chest")))
    assert told["series"] == {"uid": "1.2", "description": "Chest"}


def test_what_an_older_version_does_not_tell_has_its_default():
    told = json.loads(line_of(STARTED))
    del told["quality"], told["input"]["values"]
    assert event_of(json.dumps(told)) == STARTED


@pytest.mark.parametrize("missing", ["device", "input", "weights"])
def test_an_event_that_lacks_what_it_must_tell_is_only_known_by_its_name(missing: str):
    told = json.loads(line_of(STARTED))
    del told[missing]
    assert event_of(json.dumps(told)) == Started()


def test_an_event_of_a_later_version_is_none():
    assert event_of('{"event": "paused"}') is None


@pytest.mark.parametrize("line", ["", "text", "3", "[]", '{"a": 1}', '{"event": 3}', "{"])
def test_what_is_no_event_is_told(line: str):
    with pytest.raises(ValueError, match=r"no event|Expecting"):
        event_of(line)


def test_a_reporter_tells_them_line_by_line():
    stream = io.StringIO()
    reporter = JsonReporter(stream)
    reporter.started(STARTED)
    reporter.warning(Finding("warning", "c", "m"))
    reporter.note(Finding("note", "c", "m"))
    reporter.progress("synthesize", 0, 2)
    reporter.failed(UnusableInput("It cannot be used.", "unreadable"))
    lines = stream.getvalue().splitlines()
    assert [event_of(line) for line in lines] == [
        STARTED,
        Warned("c", "m"),
        Noted("c", "m"),
        Progressed("synthesize", 0, 2, None),
        Failed("unreadable", "It cannot be used."),
    ]


def test_who_reads_events_loads_nothing_heavy():
    heavy = "{'torch', 'SimpleITK', 'pydicom', 'numpy', 'einops'}"
    program = f"import sys; import ThinSliceSRLib.engine.events.json_lines; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=MODULE, check=True)
    assert done.stdout.strip() == "set()"
