"""How long a run will take is told by those that this computer has done, of the same choices and by its voxels."""

from __future__ import annotations

from pathlib import Path

import pytest
import qt
from ThinSliceSRLib.desktop.worker.speed import SETTING, Speed


@pytest.fixture
def settings(application: object, tmp_path: Path) -> qt.QSettings:
    return qt.QSettings(str(tmp_path / "Slicer.ini"), qt.QSettings.IniFormat)


def speed(settings: qt.QSettings, device: str = "auto") -> Speed:
    return Speed(settings, "auto", device, "auto", "auto")


def test_a_computer_that_has_done_nothing_promises_nothing(settings: qt.QSettings):
    assert speed(settings).expected_seconds("standard", 1000) is None


def test_a_volume_of_twice_the_voxels_takes_twice_as_long_and_the_best_quality_eight_times(settings: qt.QSettings):
    speed(settings).learn("standard", 1000, 10.0)
    settings.sync()
    assert speed(settings).expected_seconds("standard", 2000) == pytest.approx(20)
    assert speed(settings).expected_seconds("best", 2000) == pytest.approx(160)
    assert speed(settings, "cuda:0").expected_seconds("standard", 2000) is None


def test_what_a_quality_has_taken_itself_counts_more(settings: qt.QSettings):
    speed(settings).learn("best", 1000, 60.0)
    assert speed(settings).expected_seconds("standard", 1000) == pytest.approx(7.5)
    speed(settings).learn("standard", 1000, 10.0)
    assert speed(settings).expected_seconds("standard", 1000) == pytest.approx(10)
    assert speed(settings).expected_seconds("best", 1000) == pytest.approx(60)


def test_a_setting_that_is_no_number_is_none(settings: qt.QSettings):
    settings.setValue(f"{SETTING}auto_auto_auto_auto_standard", "soon")
    assert speed(settings).expected_seconds("standard", 1000) is None
