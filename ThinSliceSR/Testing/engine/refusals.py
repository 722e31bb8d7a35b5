"""What all refusals of an input have in common."""

from __future__ import annotations

from pathlib import Path

import pytest
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.reading import read_volume


def refusal(path: Path, series: str | None = None) -> UnusableInput:
    """Why an input cannot be read: one sentence, without the patient's name and number that `dicom_making` gives."""
    with pytest.raises(UnusableInput) as caught:
        read_volume(path, series)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert "Nobody" not in message
    assert "4711" not in message
    return caught.value
