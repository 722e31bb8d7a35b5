"""The share between two cubes, and the time left before the first, from what cubes took on this computer."""

from __future__ import annotations

from typing import Any

import pytest
from ThinSliceSRLib.desktop.worker import pace as pace_module
from ThinSliceSRLib.desktop.worker.pace import Pace

pytestmark = pytest.mark.usefixtures("application")


class Settings(dict):
    """As QSettings, which gives None for what it has not."""

    value = dict.get
    setValue = dict.__setitem__  # noqa: N815


class Told:
    """A pace whose clock the test moves on."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch, device: str = "cpu") -> None:
        self.now, self.last = 0.0, (0.0, 0.0)
        monkeypatch.setattr(pace_module.time, "monotonic", lambda: self.now)
        self.pace = Pace(settings, lambda *told: setattr(self, "last", told))
        self.pace.begin("cthnet-small", device, "float32")

    def after(self, seconds: float) -> Any:
        self.now += seconds
        self.pace._tick()
        return self.last

    def done(self, seconds: float, done: int, total: int) -> Any:
        self.now += seconds
        self.pace.told(done, total)
        return self.last


def test_on_a_new_computer_nothing_is_promised_before_the_first_cube(monkeypatch: pytest.MonkeyPatch):
    told = Told(Settings(), monkeypatch)
    assert told.done(0, 0, 4) == (None, None)
    assert told.after(30) == (None, None)
    assert told.done(10, 1, 4) == (0.25, 120)
    assert told.after(20) == (0.375, 100)


def test_a_computer_that_is_known_tells_share_and_time_left_from_the_start(monkeypatch: pytest.MonkeyPatch):
    settings = Settings()
    first = Told(settings, monkeypatch)
    first.done(0, 0, 2)
    first.done(40, 2, 2)
    second = Told(settings, monkeypatch)
    assert second.done(0, 0, 4) == (0, 80)
    assert second.after(10) == (0.125, 70)
    other = Told(settings, monkeypatch, device="cuda:0 NVIDIA")
    assert other.done(0, 0, 4) == (None, None)


def test_what_is_not_told_to_be_done_is_never_all_of_it_and_nothing_goes_back(monkeypatch: pytest.MonkeyPatch):
    settings = Settings()
    first = Told(settings, monkeypatch)
    first.done(0, 0, 1)
    first.done(1, 1, 1)
    told = Told(settings, monkeypatch)
    told.done(0, 0, 2)
    share, left = told.after(1000)
    assert share == pytest.approx(0.9)
    assert left == 0
    assert told.done(0, 1, 2)[0] == pytest.approx(0.9)
    assert told.done(1000, 2, 2) == (1, 0)


@pytest.mark.parametrize("kept", ["nonsense", [], object()])
def test_settings_that_hold_something_else_are_passed_over(monkeypatch: pytest.MonkeyPatch, kept: object):
    class Strange(Settings):
        def value(self, key: str) -> object:
            return kept

    assert Told(Strange(), monkeypatch).done(0, 0, 4) == (None, None)


def test_it_ticks_until_it_is_closed(monkeypatch: pytest.MonkeyPatch):
    told = Told(Settings(), monkeypatch)
    told.done(0, 0, 4)
    told.pace.close()
    told.last = "closed"
    assert told.after(5) == "closed"
