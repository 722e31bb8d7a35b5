"""What is raised when an archive does not do what it should."""

from __future__ import annotations

from ...errors import ThinSliceError

ANSWER = "archive_answer"  # the code of a failure that may concern one series alone


class ArchiveFailure(ThinSliceError):
    """The archive cannot be reached, refuses, or does not give or take what it should."""

    exit_code = 2
    code = "archive"

    def __init__(self, message: str, code: str | None = None, status: int | None = None) -> None:
        """status: of the archive's answer, where that is what went wrong."""
        super().__init__(message, code)
        self.status = status
