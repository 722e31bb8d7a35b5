"""One declaration of each option of a synthesis: command line, job, batch, Python, Slicer's panel and pages agree."""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from reading_pages import REPOSITORY
from ThinSliceSRLib.engine.batch.settings import Settings
from ThinSliceSRLib.engine.command_line import make_parser
from ThinSliceSRLib.engine.commands.option_arguments import options_of
from ThinSliceSRLib.engine.dicom_out.series_files import COMPRESSIONS
from ThinSliceSRLib.engine.run.job import Job
from ThinSliceSRLib.engine.run.options import (
    ModelOptions,
    OrderOptions,
    QualityOptions,
    RunOptions,
    SliceOptions,
    SynthesisOptions,
    as_arguments,
    options_in,
)
from ThinSliceSRLib.engine.synthesis.tiling import TILINGS
from ThinSliceSRLib.engine.volumes.value_scale import SCALES

import thinslicesr

MODULE = REPOSITORY / "ThinSliceSR"
OPTIONS = {each.name: each for each in options_in(RunOptions)}
# What functions and the panel call otherwise, or say by truth values.
ON = {"on": True, "auto": True, "off": False}
OF_PANEL = {"model": "weights"}


def defaults_of_verb(verb: str) -> dict[str, Any]:
    [verbs] = [each for each in make_parser()._actions if isinstance(each, argparse._SubParsersAction)]
    return {each.dest: each.default for each in verbs.choices[verb]._actions}


def declared(names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: default for name, default in names.items() if name in OPTIONS}


def test_no_option_is_declared_outside_of_its_one_place():
    """A verb that has an option of this name has it with this flag, default and choices, or says otherwise here."""
    [verbs] = [each for each in make_parser()._actions if isinstance(each, argparse._SubParsersAction)]
    others = {
        (verb, each.dest)
        for verb, parser in verbs.choices.items()
        for each in parser._actions
        if (known := OPTIONS.get(each.dest))
        and (known.flag not in each.option_strings or (known.default, known.help) != (each.default, each.help))
    }
    # There it says how thick slices are to be made.
    assert others == {("simulate", "slab_mm")}


@pytest.mark.parametrize(("verb", "kind"), [("synthesize", RunOptions), ("batch", SynthesisOptions)])
def test_a_verb_has_all_options_of_its_kind_and_no_other(verb: str, kind: type):
    assert declared(defaults_of_verb(verb)) == {each.name: each.default for each in options_in(kind)}


@pytest.mark.parametrize(("kind", "made"), [(RunOptions, Job), (SynthesisOptions, Settings)])
def test_job_and_batch_have_them_with_the_same_defaults(kind: type, made: type):
    assert declared({each.name: each.default for each in fields(made)}) == {
        each.name: each.default for each in options_in(kind)
    }


def test_python_has_them_with_the_same_defaults():
    parameters = inspect.signature(thinslicesr.synthesize).parameters
    told = {name: each.default for name, each in parameters.items() if name not in ("source", "on_progress")}
    assert told
    for name, default in told.items():
        known = OPTIONS[name].default
        assert default == (ON[known] if isinstance(default, bool) and isinstance(known, str) else known), name


def literal(text: str) -> Any:
    return ast.literal_eval(text.replace("`", "").strip())


def test_the_page_tells_those_of_a_request_in_slicer_with_their_defaults():
    page = (REPOSITORY / "docs" / "scripting.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ([^|]*) \| ([^|]*) \|[^|]*\|$", page.split("| choice | default | |")[1].split("\n\n")[0], re.M
    )
    told = {name: literal(default) for names, default in rows[1:] for name in re.findall(r"`(\w+)`", names)}
    kinds = (ModelOptions, SliceOptions, QualityOptions, OrderOptions)
    assert declared(told) == {each.name: each.default for kind in kinds for each in options_in(kind)}


def test_the_page_tells_all_of_synthesize():
    page = (REPOSITORY / "docs" / "scripting.md").read_text(encoding="utf-8")
    told = page.split("\n### synthesize")[1].split("\n### ")[0]
    assert [each.flag for each in OPTIONS.values() if f"`{each.flag}" not in told] == []


def test_the_panel_takes_its_defaults_from_the_one_declaration():
    """Of its parameters, an option of the engine says no default of its own."""
    tree = ast.parse((MODULE / "ThinSliceSR.py").read_text(encoding="utf-8"))
    [node] = [each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == "ThinSliceSRParameterNode"]
    values = {
        each.target.id: ast.unparse(each.value) for each in node.body if isinstance(each, ast.AnnAssign) and each.value
    }
    told = declared({OF_PANEL.get(name, name): value for name, value in values.items()})
    assert {"weights", "device", "precision", "spacing", "threads", "quality"} <= told.keys()
    kinds = {kind.__name__: kind for kind in (ModelOptions, QualityOptions, SliceOptions)}
    assert {name: eval(value, {"str": str, **kinds}) for name, value in told.items()} == {
        name: OPTIONS[name].default for name in told
    }
    assert [value for value in told.values() if "Options." not in value] == []


def test_choices_are_those_that_the_engine_knows():
    assert set(OPTIONS["tiling"].choices) == TILINGS.keys()
    assert OPTIONS["values"].choices == SCALES
    assert set(OPTIONS["dicom_compression"].choices) == COMPRESSIONS.keys()


def test_arguments_come_back_as_the_options_that_they_were_made_of(tmp_path: Path):
    chosen = RunOptions(weights="small", slab_mm=2.5, spacing=1.0, first_at_mm=12.5, force=True, compressed=False)
    line = ["synthesize", "thick.nrrd", "dls.nrrd", *as_arguments(chosen)]
    back = RunOptions(**options_of(make_parser().parse_args(line), RunOptions))
    assert float(back.spacing) == chosen.spacing
    assert {each: getattr(back, each) for each in OPTIONS if each != "spacing"} == {
        each: getattr(chosen, each) for each in OPTIONS if each != "spacing"
    }
    assert "--values" not in line


def test_who_lists_options_loads_nothing_heavy():
    heavy = "{'torch', 'SimpleITK', 'pydicom', 'numpy', 'einops'}"
    program = f"import sys; import ThinSliceSRLib.engine.run.options; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=MODULE, check=True)
    assert done.stdout.strip() == "set()"
