"""What is to be evaluated, from arguments or from a list."""

from __future__ import annotations

from pathlib import Path

import pytest
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.cases import case_of_arguments, cases_of_list


@pytest.mark.parametrize(
    ("methods", "sentence"),
    [
        ([], "no method to evaluate"),
        (["dls.nrrd"], "dls.nrrd is not METHOD=FILE"),
        (["a=x.nrrd", "a=y.nrrd"], "a is given twice"),
        (["truth=x.nrrd"], "No method can be called truth"),
    ],
)
def test_wrong_methods_are_refused(methods: list[str], sentence: str):
    with pytest.raises(UnusableInput, match=sentence):
        case_of_arguments(Path("thin.nrrd"), methods)


@pytest.mark.parametrize("ending", [".nrrd", ".nii.gz", ".MHA", ""])
def test_a_case_is_named_after_its_truth_without_the_ending(ending: str):
    assert case_of_arguments(Path(f"folder/truth 1{ending}"), ["DLS=d.nrrd"]).name == "truth 1"


def test_an_equals_sign_may_stand_in_a_path():
    assert case_of_arguments(Path("t"), ["DLS=a=b.nrrd"]).methods == {"DLS": Path("a=b.nrrd")}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "needs a first line with case, truth"),
        ("case,DLS\na,b\n", "needs a first line with case, truth"),
        ("case,truth\na,b\n", "no method to evaluate"),
        ("case,truth,DLS\na,b,c\nd,e\n", "Line 3 of the list has not one value for each column"),
        ("case,truth,DLS\na,b,c,d\n", "Line 2 of the list has not one value for each column"),
        ("case,truth,DLS\na,b,c\na,d,e\n", "The case of line 2 is in the list twice"),
    ],
)
def test_wrong_lists_are_refused(tmp_path: Path, text: str, sentence: str):
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(UnusableInput, match=sentence):
        cases_of_list(path)


def test_a_list_that_is_missing_or_no_text_is_refused(tmp_path: Path):
    with pytest.raises(UnusableInput, match="The list cannot be read"):
        cases_of_list(tmp_path / "list.csv")
    (tmp_path / "list.csv").write_bytes(b"\xff\xfe\x00case")
    with pytest.raises(UnusableInput, match="no CSV file in UTF-8"):
        cases_of_list(tmp_path / "list.csv")
