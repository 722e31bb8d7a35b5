"""What the panel says of a run, in words for a radiologist."""

from __future__ import annotations

from slicer.i18n import tr as _

from ...engine.events.told import ExportFinished, SynthesisFinished, SynthesisStarted
from ..scene.engine_sentences import translated
from ..worker.outcome import Outcome, Progress

COUNTED_STAGES = ("synthesize", "export")
RUN_STAGES = ("start", "read", "model", "interpolate", "synthesize", "write", "show")


def percent_done(progress: Progress) -> int | None:
    """What the bar and the line below it tell of a stage; None when it cannot be told how far it is."""
    if progress.stage not in COUNTED_STAGES or progress.share is None:
        return None
    return round(100 * progress.share)


def stage_text(progress: Progress) -> str:
    """The stage, which of how many, how far it is and how long it will still take.

    Such as "Step 5 of 7: Making thin slices (DLS): 40 %, about 2 min left".
    """
    text = _text_of_stage(progress)
    if progress.stage not in RUN_STAGES:
        return text
    step, steps = RUN_STAGES.index(progress.stage) + 1, len(RUN_STAGES)
    return _("Step {step} of {steps}: {text}").format(step=step, steps=steps, text=text)


def _text_of_stage(progress: Progress) -> str:
    stages = {
        "start": _("Starting the background program"),
        "read": _("Checking the volume"),
        "model": _("Loading the model"),
        "interpolate": _("Interpolating (BIS)"),
        "synthesize": _("Making thin slices (DLS)"),
        "write": _("Saving"),
        "show": _("Showing the result"),
        "places": _("Looking for places to doubt"),
        "export": _("Writing DICOM series"),
        "import": _("Adding the series to Slicer's DICOM database"),
    }
    text = stages.get(progress.stage, progress.stage)
    percent = percent_done(progress)
    if percent is None and progress.stage == "synthesize":
        return _("{stage}; how long it takes is known after the first part…").format(stage=text)
    if percent is None:
        return text + "…"
    if progress.seconds_left is None:
        return _("{stage}: {percent} %").format(stage=text, percent=percent)
    return _("{stage}: {percent} %, about {time} left").format(
        stage=text, percent=percent, time=time_text(progress.seconds_left)
    )


def time_text(seconds: float) -> str:
    """A time that a person can take in: "40 s", "3 min", "1.5 h"."""
    if seconds < 90:
        return _("{count} s").format(count=max(1, round(seconds)))
    if seconds < 5400:
        return _("{count} min").format(count=round(seconds / 60))
    return _("{count} h").format(count=round(seconds / 3600, 1))


def done_text(outcome: Outcome, dls: str, bis: str | None, with_doubt: bool = False) -> str:
    """What was made, the names of the volumes that hold it, how long it took, and what computed it.

    bis: None when no BIS volume was made. with_doubt: it was also told where they may be wrong.
    """
    if bis is None:
        made = _("Done in {time}. The thin slices are in the volume “{dls}”. They are synthetic, for research only.")
    else:
        made = _(
            "Done in {time}. The thin slices are in the volume “{dls}”, and interpolated ones, to compare with, in "
            "“{bis}”. They are synthetic, for research only."
        )
    started, finished = outcome.told(SynthesisStarted), outcome.told(SynthesisFinished)
    doubt = [_("Where they may be wrong is shown below, when you ask for it.")] if with_doubt else []
    computed = _("Computed with {model} on {device} ({precision}).")
    return "\n".join(
        [
            made.format(time=time_text(finished.seconds), dls=dls, bis=bis),
            *doubt,
            computed.format(model=started.weights.name, device=finished.device, precision=finished.precision),
        ]
    )


def places_failure_text(outcome: Outcome) -> str:
    """Why no places are listed."""
    if outcome.cancelled:
        return outcome.sentence or _("The search for places was cancelled.")
    return _unexpected_text(outcome) or translated(outcome.sentence)


def exported_text(outcome: Outcome, to_database: bool) -> str:
    """Which series were made and where they are."""
    if to_database:
        text = _("Done. Slicer's DICOM database holds new series ({kinds}); each says that it is synthetic.")
    else:
        text = _("Done. The folder {folder} holds new DICOM series ({kinds}); each says that it is synthetic.")
    finished = outcome.told(ExportFinished)
    return text.format(kinds=", ".join(finished.series), folder=finished.outputs["dicom"])


def export_failure_text(outcome: Outcome) -> str:
    """Why nothing was exported."""
    if outcome.cancelled:
        return _("The export was cancelled; nothing was kept.")
    return _unexpected_text(outcome) or outcome.sentence


def failure_text(outcome: Outcome) -> str:
    """Why a run did not succeed and what to do in this panel; else the sentence that came with it."""
    in_the_panel = {
        "not_enough_memory": _(
            "The memory does not suffice; close other programs, choose the CPU under Advanced, or crop the volume."
        ),
        "device": _("The chosen device cannot be used; choose Automatic under Advanced."),
        "weights_missing": _("The chosen model is not here; choose another under Advanced, or get it under Models."),
        "no_doubt": _(
            "The model cannot tell where it may be wrong; choose another under Advanced, or go without that."
        ),
        "cannot_write": _("The temporary files could not be written; free some disk space, then press Apply again."),
        "no_room": _("The temporary files could not be written; free some disk space, then press Apply again."),
        "no_folder": _("The folder for temporary files is gone; restart Slicer, then press Apply again."),
    }
    if outcome.cancelled:
        return outcome.sentence or _("The run was cancelled; nothing was kept.")
    return in_the_panel.get(outcome.code) or _unexpected_text(outcome) or translated(outcome.sentence)


def _unexpected_text(outcome: Outcome) -> str:
    """What to do in this panel about a mistake in the engine; empty when that is not what has happened.

    One in Slicer's own process has no log, and its sentence names the Python console.
    """
    if outcome.code != "unexpected" or not outcome.log:
        return ""
    return _("Something unexpected went wrong; look at the log, and report it with the diagnostics.")
