"""How long a busy archive is waited for before it is asked the same again."""

from __future__ import annotations

import time
from email.utils import mktime_tz, parsedate_tz
from typing import TYPE_CHECKING

from urllib3 import Retry

from .failure import ANSWER, ArchiveFailure

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

# Answers after which the same question may be answered: after the seconds that they tell, else 1, 2, 4, … s.
BUSY = (408, 429, 503, 504)
MOST_REPETITIONS = 5
LONGEST_WAIT_S = 900  # longer than archives fetch from tape; nobody is told meanwhile


class Patience(Retry):
    """How often, and after how long, what a busy archive did not answer is asked again, by its Retry-After or else."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """The seconds that the answer tells, as a number or a date; None where it tells none that are to come.

        urllib3 raises where it cannot read them. Raises ArchiveFailure when they are too many to be waited for.
        """
        seconds = _seconds(response.headers.get("Retry-After", ""))
        if seconds > LONGEST_WAIT_S:
            raise ArchiveFailure(
                f"The archive is busy and wants to be asked again after {seconds:.0f} s; run again then.",
                ANSWER,
                response.status,
            )
        return seconds if seconds > 0 else None


def patience() -> Patience:
    """For one request."""
    return Patience(
        total=None,
        connect=0,
        read=0,
        other=0,
        status=MOST_REPETITIONS,
        status_forcelist=BUSY,
        allowed_methods=None,  # also what is sent: an instance that is sent again is the same
        backoff_factor=1,
        raise_on_status=False,
    )


def _seconds(told: str) -> float:
    """From now on, of the value of Retry-After (RFC 9110, 10.2.3); 0 of one that cannot be read."""
    try:
        return float(told)
    except ValueError:
        date = parsedate_tz(told)
    try:
        return mktime_tz(date) - time.time() if date else 0
    except (ValueError, OverflowError):
        return 0
