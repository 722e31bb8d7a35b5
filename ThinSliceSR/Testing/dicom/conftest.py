"""What the tests against other people's DICOM programs share: the programs, a derived study, a real archive."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from archive import Archive
from batch_fixtures import batch, scheduler, weights
from derived_series_making import HOSPITAL, HU, Derived, derive, write_hospital_series
from dicom_making import write_multi_frame

__all__ = ["batch", "scheduler", "weights"]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.dicom_tools)


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """The path of a program by its name; a test fails where it is not installed."""

    def find(name: str) -> str:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
        if path is None:
            pytest.fail(f"The program {name} is not installed; run  make dicom-tools.", pytrace=False)
        return path

    return find


@pytest.fixture(scope="session")
def derived(tmp_path_factory: pytest.TempPathFactory) -> Derived:
    """A source with all that scanners tell, and its two derived series."""
    folder = tmp_path_factory.mktemp("scan")
    write_hospital_series(folder / "source")
    return derive(folder / "source", folder / "dicom")


@pytest.fixture(scope="session")
def variants(derived: Derived, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Derived]:
    """Derived series by what is special about them or their source."""
    folder = tmp_path_factory.mktemp("variants")
    made = {
        "usual": derived,
        "rle": derive(derived.source, folder / "rle", "rle"),
        "jpeg2000": derive(derived.source, folder / "jpeg2000", "jpeg2000"),
        "anonymous": derive(derived.source, folder / "anonymous", anonymous=True),
    }
    sources = {
        "bare": dict.fromkeys(HOSPITAL),
        "empty": {name: value if name == "CTDIvol" or name.endswith("UID") else "" for name, value in HOSPITAL.items()},
        "japanese": {
            "SpecificCharacterSet": ["", "ISO 2022 IR 87"],
            "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう",
            "StudyDescription": "胸部",
            "SeriesDescription": "胸部" * 10,
        },
        "unicode": {
            "SpecificCharacterSet": "ISO_IR 192",
            "PatientName": "Müller^Jürgen=王^小東",
            "SeriesDescription": "Lungenhüllen",
        },
        "lossy": {
            "LossyImageCompression": "01",
            "LossyImageCompressionRatio": 12.5,
            "LossyImageCompressionMethod": "ISO_10918_1",
        },
    }
    for name, tags in sources.items():
        own = {"StudyInstanceUID": f"2.25.{len(made)}", "SeriesInstanceUID": f"2.25.1{len(made)}"}
        write_hospital_series(folder / f"{name}-source", **{**tags, **own})
        made[name] = derive(folder / f"{name}-source", folder / name)
    write_multi_frame(folder / "multi-frame-source" / "1.dcm", HU, **HOSPITAL)
    made["multi-frame"] = derive(folder / "multi-frame-source", folder / "multi-frame")
    return made


@pytest.fixture(scope="session")
def running_archive(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Archive(program("Orthanc"), tmp_path_factory.mktemp("orthanc")) as archive:
        yield archive


@pytest.fixture
def archive(running_archive: Archive) -> Iterator[Archive]:
    """A real Orthanc, empty."""
    yield running_archive
    running_archive.clear()
