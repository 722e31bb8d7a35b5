"""The workflows name what is there: scripts, commands of make, and the lines that only success prints.

Whether they are well-formed, `make lint` tells.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[3]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))


def shell_commands(workflow: Path) -> list[str]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


ALL_COMMANDS = [command for workflow in WORKFLOWS for command in shell_commands(workflow)]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_failure_before_a_pipe_is_a_failure(workflow: Path):
    # GitHub adds pipefail only where bash is named; and a failure within echo "$(…)" would be lost.
    assert yaml.safe_load(workflow.read_text(encoding="utf-8"))["defaults"] == {"run": {"shell": "bash"}}
    assert [command for command in shell_commands(workflow) if re.search(r"echo .*\$\(", command)] == []


def test_every_script_that_is_run_is_there():
    scripts = {path for command in ALL_COMMANDS for path in re.findall(r"ThinSliceSR/Testing/[\w/]+\.py", command)}
    assert scripts == {
        path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("ThinSliceSR/Testing/slicer/*.py")
    }


def test_every_line_that_is_expected_is_printed_at_the_end_of_what_is_run():
    module = REPOSITORY / "ThinSliceSR" / "ThinSliceSR.py"
    expected = [(line, command) for command in ALL_COMMANDS for line in re.findall(r'--expect "(.+?)"', command)]
    assert len(expected) == 3
    for line, command in expected:
        [script] = re.findall(r'--python-script "\$PWD/(.+?)"', command)
        source = (REPOSITORY / script).read_text(encoding="utf-8").replace("{MODULE}", "ThinSliceSR")
        if f'print("{line}")' not in source and f'print(f"{line}")' not in source:
            assert "ThinSliceSRTest().runTest()" in source
            assert f'print("{line}")' in module.read_text(encoding="utf-8")


def test_every_command_of_make_is_there():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = {target for command in ALL_COMMANDS for target in re.findall(r"^make ([\w-]+)", command, re.MULTILINE)}
    assert targets >= {"lint", "test"}
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
