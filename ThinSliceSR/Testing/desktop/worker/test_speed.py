"""How long a run will take is told by those that this computer has done, of the same choices and by its voxels."""

from __future__ import annotations

from pathlib import Path

import pytest
import qt
from ThinSliceSRLib.desktop.worker.speed import SETTING, Speed


@pytest.fixture
def settings(application: object, tmp_path: Path) -> qt.QSettings:
    return qt.QSettings(str(tmp_path / "Slicer.ini"), qt.QSettings.IniFormat)


MODELS = {"small": 1e5, "medium": 3e5, "base": 16e5}


def speed(settings: qt.QSettings, device: str = "auto") -> Speed:
    return Speed(settings, device, "auto", "auto")


def expected(settings: qt.QSettings, quality: str, voxels: int, model: str = "auto", device: str = "auto"):
    return speed(settings, device).expected_seconds(model, quality, voxels, MODELS)


def test_a_computer_that_has_done_nothing_promises_nothing(settings: qt.QSettings):
    assert expected(settings, "standard", 1000) is None
    assert expected(settings, "standard", 1000, "small") is None


def test_a_volume_of_twice_the_voxels_takes_twice_as_long_and_the_best_quality_eight_times(settings: qt.QSettings):
    speed(settings).learn("auto", "standard", 1000, 10.0)
    settings.sync()
    assert expected(settings, "standard", 2000) == pytest.approx(20)
    assert expected(settings, "best", 2000) == pytest.approx(160)
    assert expected(settings, "standard", 2000, device="cuda:0") is None


def test_what_a_quality_has_taken_itself_counts_more(settings: qt.QSettings):
    speed(settings).learn("auto", "best", 1000, 60.0)
    assert expected(settings, "standard", 1000) == pytest.approx(7.5)
    speed(settings).learn("auto", "standard", 1000, 10.0)
    assert expected(settings, "standard", 1000) == pytest.approx(10)
    assert expected(settings, "best", 1000) == pytest.approx(60)


def test_a_model_that_has_not_run_is_told_by_the_one_that_is_most_like_it(settings: qt.QSettings):
    speed(settings).learn("small", "standard", 1000, 10.0)
    assert expected(settings, "standard", 1000, "medium") == pytest.approx(30)
    assert expected(settings, "best", 2000, "base") == pytest.approx(16 * 8 * 2 * 10)
    speed(settings).learn("base", "standard", 1000, 130.0)
    assert expected(settings, "standard", 1000, "medium") == pytest.approx(30)
    speed(settings).learn("medium", "standard", 1000, 25.0)
    assert expected(settings, "standard", 1000, "medium") == pytest.approx(25)
    assert expected(settings, "standard", 1000, "of another computer") is None


def test_a_setting_that_is_no_number_is_none(settings: qt.QSettings):
    settings.setValue(f"{SETTING}auto_auto_auto_auto_standard", "soon")
    assert expected(settings, "standard", 1000) is None
