"""What an archive gives counts when it is whole, and what it is given when it says that it holds it."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pydicom
import pytest
from dicom_making import files_of, write_series
from pydicom.uid import RLELossless
from small_archive import SmallArchive
from ThinSliceSRLib.engine.batch.archive import patience, sending
from ThinSliceSRLib.engine.batch.archive.access import TOKEN, TOKEN_COMMAND
from ThinSliceSRLib.engine.batch.archive.failure import ArchiveFailure
from ThinSliceSRLib.engine.batch.archive.fetching import fetched_series, thick_series_of
from ThinSliceSRLib.engine.batch.archive.sending import send_series
from ThinSliceSRLib.engine.batch.sources.source import Source

SLICES = 6
CHEST = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60]), (SLICES, 8, 8))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SmallArchive]:
    """It holds one thick series."""
    write_series(tmp_path / "thick", CHEST, SeriesInstanceUID="1.2.1", StudyInstanceUID="1.2")
    with SmallArchive() as archive:
        archive.add(files_of(tmp_path / "thick"))
        yield archive


@pytest.fixture
def derived(tmp_path: Path, monkeypatch) -> Path:
    """The folder of a derived series of six slices, which are sent two at a time."""
    monkeypatch.setattr(sending, "SENT_AT_ONCE", 2)
    write_series(tmp_path / "DICOM" / "DLS", CHEST, SeriesInstanceUID="1.2.9", StudyInstanceUID="1.2")
    return tmp_path / "DICOM"


def found(archive: SmallArchive) -> Source:
    [source] = [source for source in thick_series_of(archive.address, None, "CT", None)[0] if source.series == "1.2.1"]
    assert source.problem is None
    return source


def fetch(archive: SmallArchive, folder: Path) -> int:
    with fetched_series(found(archive), folder) as place:
        return len(list(place.iterdir()))


@pytest.mark.parametrize("counts", [True, False])
def test_a_whole_series_is_fetched(counts: bool, archive: SmallArchive, tmp_path: Path):
    archive.counts = counts
    assert fetch(archive, tmp_path) == SLICES


@pytest.mark.parametrize("status", [200, 206])
@pytest.mark.parametrize("counts", [True, False])
def test_a_part_of_a_series_is_a_failure_with_the_numbers(
    counts: bool, status: int, archive: SmallArchive, tmp_path: Path
):
    archive.counts, archive.status, archive.withheld = counts, status, 1
    with pytest.raises(ArchiveFailure, match="told of 6 instances of the series, but gave 5; run again"):
        fetch(archive, tmp_path)


def test_what_the_archive_itself_calls_a_part_is_one(archive: SmallArchive, tmp_path: Path):
    archive.counts, archive.status = False, 206
    with pytest.raises(ArchiveFailure, match="gave 6 instances of the series and said that they are not all"):
        fetch(archive, tmp_path)


@pytest.mark.parametrize(
    ("cut", "whole"),  # the boundary, the pixels, the header, all but a part's own header
    [(22, 6), (100, 5), (180, 5), (-60, 0)],
)
def test_an_answer_that_ends_too_early_is_a_failure_with_the_number(
    cut: int, whole: int, archive: SmallArchive, tmp_path: Path
):
    archive.cut = cut
    with pytest.raises(ArchiveFailure, match=f"broke off after {whole} instances of the series; see its log"):
        fetch(archive, tmp_path)


def test_a_line_end_after_the_last_boundary_is_not_missed(archive: SmallArchive, tmp_path: Path):
    archive.cut = 2
    assert fetch(archive, tmp_path) == SLICES


@pytest.mark.parametrize("encapsulated", [True, False])
def test_an_instance_that_the_archive_itself_holds_in_part_is_a_failure_with_the_number(
    encapsulated: bool, archive: SmallArchive, tmp_path: Path
):
    key, content = list(archive.held.items())[2]
    if encapsulated:
        dataset = pydicom.dcmread(io.BytesIO(content))
        dataset.compress(RLELossless)
        dataset.save_as(whole := io.BytesIO())
        content = whole.getvalue()
    archive.held[key] = content[:-20]
    with pytest.raises(ArchiveFailure, match="gave 5 instances of the series and 1 more that are cut short"):
        fetch(archive, tmp_path)


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
@pytest.mark.parametrize("refuses_again", [True, False])
def test_a_series_arrives_whole_whatever_answers_are_lost(
    refuses_again: bool, lost: int, archive: SmallArchive, derived: Path
):
    archive.refuses_again, archive.loses_answers = refuses_again, lost
    source = found(archive)
    for _ in range(2):  # the second time all of it is there
        assert send_series(source, derived) == ["1.2.9"]
        assert len(archive.of("1.2", "1.2.9")) == SLICES
    assert sum(command == "POST" for command, *_ in archive.asked) == SLICES / 2


def test_what_an_earlier_run_has_sent_is_not_sent_again(archive: SmallArchive, derived: Path):
    archive.refuses_again = True
    archive.add(files_of(derived)[:3])
    assert send_series(found(archive), derived) == ["1.2.9"]
    assert len(archive.of("1.2", "1.2.9")) == SLICES
    assert sum(command == "POST" for command, *_ in archive.asked) == 2


def test_what_the_archive_does_not_take_is_told_with_its_number(archive: SmallArchive, derived: Path, monkeypatch):
    refused = str(pydicom.dcmread(files_of(derived)[4]).SOPInstanceUID)
    store = archive.store
    monkeypatch.setattr(
        SmallArchive, "store", lambda self, part: (refused, False) if refused.encode() in part else store(part)
    )
    with pytest.raises(ArchiveFailure, match="did not take 1 of the derived slices"):
        send_series(found(archive), derived)
    assert len(archive.of("1.2", "1.2.9")) == SLICES - 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_archive_is_asked_again_when_it_wants_to(
    status: int, archive: SmallArchive, derived: Path, tmp_path: Path
):
    archive.busy = [(status, "1"), (status, "1")]
    source = found(archive)
    times = [at for _, _, at in archive.asked[:3]]
    assert times[1] - times[0] >= 1
    assert times[2] - times[1] >= 1
    archive.busy = [(status, "0")] * 3
    assert send_series(source, derived) == ["1.2.9"]
    archive.busy = [(status, "0")]
    assert fetch(archive, tmp_path) == SLICES


@pytest.mark.parametrize("after", ["-1", "soon", "0.01", "nan", "Wed, 99 Oct 2015 07:28:00 GMT"])
def test_a_busy_archive_is_asked_again_whatever_time_it_tells(
    after: str, archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    archive.busy = [(503, after)]
    found(archive)
    assert waits in ([0.01], [])  # the first wait of its own is none


@pytest.mark.parametrize("after", ["99999999999999", "Fri, 01 Jan 2100 07:28:00 GMT"])
def test_an_archive_that_wants_to_be_left_alone_for_long_is_told_of(after: str, archive: SmallArchive):
    archive.busy = [(503, after)]
    with pytest.raises(ArchiveFailure, match=r"busy and wants to be asked again after [0-9]+ s; run again then"):
        found(archive)


def test_an_archive_that_leads_in_a_circle_is_told_of(archive: SmallArchive):
    archive.leads_to = "/web/studies"
    with pytest.raises(ArchiveFailure, match="leads from one address to the next without end"):
        found(archive)


def test_an_archive_that_stays_busy_is_told_in_one_sentence(archive: SmallArchive):
    archive.busy = [(503, "0")] * 100
    with pytest.raises(ArchiveFailure, match="The archive answered 503"):
        found(archive)
    assert len(archive.asked) == patience.MOST_REPETITIONS + 1


def token_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Has a command give tokens, each call another one: t1, t2, …"""
    program = tmp_path / "give_token.py"
    program.write_text(
        "from pathlib import Path\n"
        f"count = Path({str(tmp_path / 'count')!r})\n"
        "number = int(count.read_text()) + 1 if count.exists() else 1\n"
        "count.write_text(str(number))\n"
        "print(f't{number}')\n"
    )
    command = f"{sys.executable} {program}"
    monkeypatch.setenv(TOKEN_COMMAND, command)
    return command


def test_a_token_that_expires_is_renewed(archive: SmallArchive, derived: Path, tmp_path: Path, monkeypatch):
    token_command(tmp_path, monkeypatch)
    archive.tokens = {"t2"}
    source = found(archive)  # the first was too old
    archive.tokens = {"t3", "t4", "t5"}
    assert send_series(source, derived) == ["1.2.9"]
    archive.tokens = {"t9"}
    with pytest.raises(ArchiveFailure, match=r"refuses access \(401\)"):
        found(archive)


def test_a_command_that_leaves_something_running_gives_its_token(
    archive: SmallArchive, tmp_path: Path, monkeypatch, request: pytest.FixtureRequest
):
    """As one that starts an agent, which goes on to hold what the command prints to."""
    program = tmp_path / "give_token.py"
    program.write_text(
        "import subprocess, sys\n"
        "agent = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        f"open({str(tmp_path / 'agent')!r}, 'w').write(str(agent.pid))\n"
        "print('t1')\n"
    )
    monkeypatch.setenv(TOKEN_COMMAND, f"{sys.executable} {program}")
    request.addfinalizer(lambda: psutil.Process(int((tmp_path / "agent").read_text())).kill())
    archive.tokens = {"t1"}
    assert found(archive)
    assert psutil.pid_exists(int((tmp_path / "agent").read_text()))


def test_a_token_that_stays_the_same_is_told_to_have_expired(archive: SmallArchive, monkeypatch):
    monkeypatch.setenv(TOKEN, "old")
    archive.tokens = {"new"}
    with pytest.raises(ArchiveFailure, match=f"of tokens that expire, .* {TOKEN_COMMAND}"):
        found(archive)


@pytest.mark.parametrize("program", ["print('two words')", "print()", "raise SystemExit('s3cret')", "print('é')"])
def test_a_command_without_a_token_is_told_without_its_words(
    program: str, archive: SmallArchive, tmp_path, monkeypatch
):
    (tmp_path / "fail.py").write_text(program)
    monkeypatch.setenv(TOKEN_COMMAND, f"{sys.executable} {tmp_path / 'fail.py'}")
    with pytest.raises(ArchiveFailure, match=f"The command of {TOKEN_COMMAND}") as failure:
        found(archive)
    assert "s3cret" not in str(failure.value)
