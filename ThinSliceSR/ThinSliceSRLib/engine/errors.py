"""The engine's exceptions. Each carries one plain sentence, a stable code and the exit code of the command line."""

from __future__ import annotations

import errno


class ThinSliceError(Exception):
    """A failure that its user can act on: the message is one sentence that says what is wrong and what to do."""

    exit_code = 1
    code = "failed"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class UnusableInput(ThinSliceError):
    """Wrong usage, or an input that cannot be used as it is."""

    exit_code = 2
    code = "unusable_input"


class MissingLibrary(ThinSliceError):
    """A Python package that the job needs is not installed."""

    code = "missing_library"


class CannotWrite(ThinSliceError):
    """The output cannot be written: no room, no permission, a file in the way."""

    exit_code = 2
    code = "cannot_write"


class WeightsError(ThinSliceError):
    """Weights that are missing, damaged or refused."""

    exit_code = 3
    code = "weights"


class DeviceError(ThinSliceError):
    """The device is not there, or its memory does not suffice."""

    exit_code = 4
    code = "device"


NAME_TOO_LONG = "A name is longer than its disk allows, mostly 255 bytes; give a shorter one."
NOTHING_WRITTEN = "The run was cancelled; nothing was written."


class Cancelled(ThinSliceError):
    """The user ended the run."""

    exit_code = 130
    code = "cancelled"

    def __init__(self, message: str = NOTHING_WRITTEN) -> None:
        super().__init__(message)


class TooLate(Exception):
    """A run cannot be undone any more: its outputs have got their names."""


def reason_of(error: OSError) -> str:
    """What the system says; not every library that raises an OSError hands that on."""
    return error.strerror or "for no reason that the system tells"


def in_plain_words(error: Exception) -> ThinSliceError:
    """What to tell of an exception: itself if it is one of these, else a sentence about it."""
    if isinstance(error, ThinSliceError):
        return error
    if isinstance(error, MemoryError):
        plain: ThinSliceError = DeviceError(
            "The memory of this computer does not suffice; close other programs or crop the volume.",
            "not_enough_memory",
        )
    elif isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        plain = UnusableInput(NAME_TOO_LONG, "file_refused")
    elif isinstance(error, OSError) and error.strerror:
        plain = ThinSliceError(
            f"A file cannot be read or written ({error.strerror}); check its disk and permissions.", "file_refused"
        )
    elif isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("ThinSliceSRLib"):
        package = error.name.partition(".")[0]  # those that every job needs are called so by pip, too
        plain = MissingLibrary(f"The package {package} is not installed; install it with: pip install {package}")
    else:
        plain = ThinSliceError(
            f"Something unexpected went wrong ({type(error).__name__}); run again with --debug and report that.",
            "unexpected",
        )
    plain.__cause__ = error
    return plain
