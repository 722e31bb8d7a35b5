"""`python -m training train|ablate|measure|doubt|doubt-phantom|nodules|export`: see training/README.md."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ThinSliceSRLib.engine.errors import ThinSliceError

from .settings import read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the engine's command line; failures are one sentence on stderr."""
    chosen = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        chosen.run_verb(chosen)
    except ThinSliceError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    verbs = whole.add_subparsers(required=True, metavar="VERB")

    train = verbs.add_parser("train", help="train a model, or go on training it")
    train.add_argument("--config", type=Path, required=True, help="settings, such as training/small.yaml")
    train.add_argument(
        "--data", type=Path, required=True, help="folder of thin volumes, or of the folders thick and thin"
    )
    train.add_argument("--validation", type=Path, required=True, help="such a folder of volumes never trained on")
    train.add_argument("--run", type=Path, required=True, help="folder for checkpoints and logs")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint of the run")
    train.add_argument("--start", type=Path, metavar="WEIGHTS", help="begin a new run with these weights")
    train.add_argument(
        "--doubt-only", action="store_true", help="train nothing but the part that tells the doubt; give it a --start"
    )
    train.add_argument("--steps", type=int, help="stop at this step")
    train.add_argument("--max-minutes", type=float, help="stop after this time")
    train.add_argument("--decay-steps", type=int, help="lower the learning rate to zero over so many steps, then end")
    train.set_defaults(run_verb=_train)

    ablate = verbs.add_parser("ablate", help="train variants of a model briefly and print what each choice is worth")
    ablate.add_argument("--config", type=Path, required=True, help="settings, such as training/small.yaml")
    ablate.add_argument("--data", type=Path, required=True, help="folder of thin volumes")
    ablate.add_argument("--validation", type=Path, required=True, help="such a folder of volumes never trained on")
    ablate.add_argument("--run", type=Path, required=True, help="folder for the runs of all variants")
    ablate.add_argument("--steps", type=int, default=300, help="training steps of each variant")
    ablate.add_argument("--seeds", type=int, default=1, help="how many seeds each variant is trained with (default: 1)")
    ablate.add_argument("--choice", action="append", default=[], help="of this variant alone, not of all; repeat")
    ablate.set_defaults(run_verb=_ablate)

    measure = verbs.add_parser("measure", help="print the tables of a model card: DLS and BIS against thin volumes")
    measure.add_argument("--weights", type=Path, required=True, help="weights file (.safetensors)")
    measure.add_argument("--validation", type=Path, required=True, help="folder of thin volumes never trained on")
    measure.add_argument("--run", type=Path, required=True, help="folder for the volumes that are made")
    measure.add_argument(
        "--tables",
        choices=("all", "quality", "thicknesses", "details"),
        default="all",
        help="which of them (default: all)",
    )
    measure.add_argument(
        "--profile",
        choices=("box", "bell"),
        default="box",
        help="shape of the thick slices in the table of thicknesses",
    )
    measure.add_argument("--manifest", type=Path, help="enter the weights and their medians into this manifest")
    measure.add_argument("--licence", action="append", default=[], help="for the manifest: of data or weights; repeat")
    measure.set_defaults(run_verb=_measure)

    doubt = verbs.add_parser(
        "doubt", help="calibrate the doubt of a model on thin volumes, and print how reliable it is"
    )
    doubt.add_argument("--weights", type=Path, required=True, help="weights file (.safetensors), which is changed")
    doubt.add_argument(
        "--as-calibrated",
        action="store_true",
        help="measure with the calibration that the weights file holds, and change nothing",
    )
    doubt.add_argument("--validation", type=Path, required=True, help="folder of thin volumes never trained on")
    doubt.add_argument(
        "--between", type=float, nargs="+", default=[], metavar="MM", help="measure at these spacings, too"
    )
    doubt.add_argument("--picture", type=Path, metavar="PNG", help="draw reliability and sparsification, too")
    doubt.set_defaults(run_verb=_doubt)

    phantom = verbs.add_parser(
        "doubt-phantom", help="print how reliable the calibrated doubt of a model is on the chest phantom"
    )
    phantom.add_argument("--weights", type=Path, required=True, help="weights file (.safetensors)")
    phantom.add_argument("--picture", type=Path, metavar="PNG", help="draw reliability and sparsification, too")
    phantom.set_defaults(run_verb=_doubt_phantom)

    nodules = verbs.add_parser(
        "nodules", help="print what becomes of simulated nodules in thick slices, BIS and DLS, and what the doubt names"
    )
    nodules.add_argument("--weights", type=Path, required=True, help="weights file (.safetensors)")
    nodules.add_argument("--validation", type=Path, required=True, help="folder of thin volumes never trained on")
    nodules.add_argument("--count", type=int, default=210, help="how many nodules at least (default: 210)")
    nodules.add_argument("--seed", type=int, default=0, help="another one puts them elsewhere")
    nodules.set_defaults(run_verb=_nodules)

    export = verbs.add_parser("export", help="write a checkpoint's weights for the engine")
    export.add_argument("--config", type=Path, required=True, help="settings of the run")
    export.add_argument("--checkpoint", type=Path, required=True, help="best.ckpt or last.ckpt of the run")
    export.add_argument("--weights", type=Path, required=True, help="file to write (.safetensors)")
    export.add_argument("--version", default="1", help="version of the weights")
    export.set_defaults(run_verb=_export)
    return whole


def _train(chosen: argparse.Namespace) -> None:
    from .learning.train import Run, train

    settings = read_settings(chosen.config)
    if chosen.doubt_only:
        settings = replace(settings, optimisation=replace(settings.optimisation, doubt_only=True))
    train(
        settings,
        Run(
            data=chosen.data,
            validation=chosen.validation,
            folder=chosen.run,
            resume=chosen.resume,
            start=chosen.start,
            steps=chosen.steps,
            max_minutes=chosen.max_minutes,
            decay_steps=chosen.decay_steps,
        ),
    )


def _ablate(chosen: argparse.Namespace) -> None:
    from .learning.train import Run
    from .measures.ablations import ablation_table, as_markdown

    run = Run(data=chosen.data, validation=chosen.validation, folder=chosen.run, steps=chosen.steps)
    rows = ablation_table(read_settings(chosen.config), run, chosen.choice, chosen.seeds)
    print(as_markdown(rows, chosen.steps))


def _measure(chosen: argparse.Namespace) -> None:
    from ThinSliceSRLib.engine.evaluation.report import as_text

    from .measures.card_details import as_markdown as details_markdown
    from .measures.card_details import details_of
    from .measures.measurement import measure_model, register
    from .measures.thicknesses import as_markdown, thickness_rows

    if chosen.tables in ("all", "thicknesses"):
        rows = list(thickness_rows(chosen.weights, chosen.validation, bell=float(chosen.profile == "bell")))
        print(as_markdown(rows))
    if chosen.tables in ("all", "details"):
        print(details_markdown(list(details_of(chosen.weights, chosen.validation))))
    if chosen.tables in ("thicknesses", "details"):
        return
    evaluation = measure_model(chosen.weights, chosen.validation, chosen.run)
    print(as_text(evaluation))
    if chosen.manifest:
        register(chosen.weights, evaluation, chosen.licence, chosen.manifest)


def _doubt(chosen: argparse.Namespace) -> None:
    from .measures.doubt_measurement import SPACINGS_MM, calibrate_weights, measure_as_calibrated

    if chosen.as_calibrated:
        spacings = sorted({*SPACINGS_MM, *chosen.between})
        print(measure_as_calibrated(chosen.weights, chosen.validation, spacings, chosen.picture))
    else:
        print(calibrate_weights(chosen.weights, chosen.validation, chosen.between, chosen.picture))


def _doubt_phantom(chosen: argparse.Namespace) -> None:
    from .measures.doubt_measurement import measure_as_calibrated

    print(measure_as_calibrated(chosen.weights, picture=chosen.picture))


def _nodules(chosen: argparse.Namespace) -> None:
    from .measures.nodule_measurement import as_markdown, measure_nodules

    print(as_markdown(measure_nodules(chosen.weights, chosen.validation, chosen.count, chosen.seed)))


def _export(chosen: argparse.Namespace) -> None:
    from .learning.export import export_weights

    export_weights(read_settings(chosen.config), chosen.checkpoint, chosen.weights, chosen.version)


if __name__ == "__main__":
    sys.exit(main())
