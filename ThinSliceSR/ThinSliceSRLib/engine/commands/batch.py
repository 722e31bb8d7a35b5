"""make the DLS volumes of a whole folder, list or DICOM archive, on this computer or a cluster"""

from __future__ import annotations

import argparse
import re
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ..errors import UnusableInput
from ..events.progress import Reporter, tell
from ..run.options import ModelOptions, ResultOptions, SliceOptions, SynthesisOptions
from .option_arguments import add_options, add_progress, finite_number, options_of

NAME = "batch"
WHEN_CANCELLED = "The batch was cancelled; what is done stands in its manifest, and the next call does the rest."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="a folder (volume files, and DICOM series of thick chest CT, at any depth and in ZIP files), a ZIP file, "
        "a text or CSV file with one path per line, or the DICOMweb address of an archive (https://…)",
    )
    parser.add_argument(
        "destination",
        nargs="?",
        type=Path,
        metavar="DESTINATION",
        help="folder of the results, and of the manifest, the table of what is done",
    )
    parser.add_argument("--bicubic", action="store_true", help="also write the BIS volumes (bicubic interpolation)")
    parser.add_argument(
        "--doubt", action="store_true", help="also write how large an error is expected where, of models that tell it"
    )
    parser.add_argument(
        "--difference",
        action="store_true",
        help="also write what the network added: DLS minus BIS in HU, as volume files, never as DICOM",
    )
    parser.add_argument("--dicom-out", action="store_true", help="of DICOM input: also make DICOM series in its study")
    parser.add_argument(
        "--format",
        choices=("nrrd", "nii.gz", "nii", "mha"),
        default="nrrd",
        help="file format of the volumes; nrrd by default",
    )
    add_options(parser, ModelOptions, SliceOptions, ResultOptions)
    parser.add_argument(
        "--least-thickness",
        type=finite_number,
        metavar="MM",
        help="take DICOM series only from this slice thickness on; by default all of more than 1.5 mm",
    )
    parser.add_argument(
        "--all-series",
        action="store_true",
        help="take all DICOM series of thick chest CT; by default the thinner ones of a study are left out",
    )
    parser.add_argument(
        "--study-date",
        type=date_range,
        metavar="FROM-TO",
        help="take only studies of these dates from a DICOM archive: YYYYMMDD or YYYYMMDD-YYYYMMDD",
    )
    parser.add_argument(
        "--modality", default="CT", help="take only studies of this kind from a DICOM archive; CT by default"
    )
    parser.add_argument(
        "--send-back",
        action="store_true",
        help="send the DICOM series to the archive, into the studies of their sources",
    )
    parser.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="how many volumes to work on at a time; by default one per GPU or, on a CPU, by its cores and memory",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="use the Dask cluster with this address instead: tcp://host:port"
    )
    add_progress(parser)
    parser.add_argument(
        "--manifest",
        action="store_true",
        help="do nothing but write manifest.csv and manifest.json of DESTINATION anew, also while a batch works on it",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="do again what is done, and replace what is in the way"
    )


def positive(text: str) -> int:
    """An argument that must be a number of workers."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of workers from 1 on")
    return int(text)


def date_range(text: str) -> str:
    """An argument that must be a date or a range of dates, as DICOM queries take it (PS3.4 C.2.2.2.5)."""
    if not re.fullmatch(r"\d{8}|\d{8}-\d{8}|\d{8}-|-\d{8}", text):
        raise argparse.ArgumentTypeError(f"{text} is no date or range of dates, such as 20240131 or 20240101-20240131")
    return text


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    if arguments.manifest:
        _tell_manifest(arguments.destination or arguments.source)
        return
    if arguments.destination is None:
        raise UnusableInput("SOURCE and DESTINATION are needed; see thinslicesr batch --help.", "wrong_usage")
    from ..batch.archive.access import is_archive
    from ..batch.batch import Batch, run_batch
    from ..batch.settings import Settings

    if not is_archive(arguments.source) and (arguments.study_date or arguments.send_back):
        raise UnusableInput("--study-date and --send-back need an archive as the source.", "wrong_usage")
    if arguments.scheduler and arguments.workers:
        raise UnusableInput("A cluster has its own workers; leave out --workers or --scheduler.", "wrong_usage")
    settings = Settings(
        **options_of(arguments, SynthesisOptions),
        bicubic=arguments.bicubic,
        doubt=arguments.doubt,
        difference=arguments.difference,
        dicom_out=arguments.dicom_out or arguments.send_back,
        suffix=f".{arguments.format}",
    )
    if Path(settings.weights).suffix == ".safetensors":  # workers may have another folder to start from
        settings = replace(settings, weights=str(Path(settings.weights).resolve()))
    batch = Batch(
        source=arguments.source,
        destination=arguments.destination.resolve(),
        settings=settings,
        scheduler=arguments.scheduler,
        workers=arguments.workers,
        study_dates=arguments.study_date,
        modality=arguments.modality,
        least_thickness_mm=arguments.least_thickness,
        sends_back=arguments.send_back,
        afresh=arguments.overwrite,
        all_series=arguments.all_series,
    )
    summary = run_batch(batch, reporter, undo)
    tell(summary.sentence())


def _tell_manifest(folder: str | Path | None) -> None:
    from ..batch.manifest.manifest import manifest_of

    if folder is None:
        raise UnusableInput("--manifest needs DESTINATION; see thinslicesr batch --help.", "wrong_usage")
    with manifest_of(Path(folder)) as manifest:
        manifest.write_tables()
        tell(f"{manifest.path} tells of each volume.")
