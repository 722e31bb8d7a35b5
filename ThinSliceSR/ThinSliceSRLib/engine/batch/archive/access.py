"""How a DICOM archive is reached: its client, who we are to it, and what went wrong with it in plain words.

Credentials come from the environment alone, of each process that speaks to the archive, so that they stand in no
command line, no log and no message of the cluster. Messages hold the status that the archive answers, never its text,
which may quote what it stores; the log of the client, which would tell it, is kept silent.
"""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pydicom

from ...addresses import has_user_info, is_address, shown
from ...errors import MissingLibrary, ThinSliceError, UnusableInput

if TYPE_CHECKING:
    from dicomweb_client import DICOMwebClient
    from requests import PreparedRequest, Response

USER, PASSWORD, TOKEN, TOKEN_COMMAND = (
    f"THINSLICESR_ARCHIVE_{name}" for name in ("USER", "PASSWORD", "TOKEN", "TOKEN_COMMAND")
)
TIMEOUT_S = (20, 300)  # to be reached, and between two pieces of an answer: archives fetch from tape
COMMAND_S = 60
CHUNK_BYTES = 100_000_000  # what is sent at once is less, so that it tells its length and can be sent again
# Answers after which the same question may be answered: after the seconds that they tell, else 1, 2, 4, … s.
BUSY = (408, 429, 503, 504)
MOST_REPETITIONS = 5
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANSWER = "archive_answer"  # the code of a failure that may concern one series alone


class ArchiveFailure(ThinSliceError):
    """The archive cannot be reached, refuses, or does not give or take what it should."""

    exit_code = 2
    code = "archive"

    def __init__(self, message: str, code: str | None = None, status: int | None = None) -> None:
        """status: of the archive's answer, where that is what went wrong."""
        super().__init__(message, code)
        self.status = status


def is_archive(source: str) -> bool:
    """Whether a batch's source is the address of an archive."""
    return source.lower().startswith(("http://", "https://"))


@contextmanager
def connected(address: str, on_status: Callable[[int], object] | None = None) -> Iterator[DICOMwebClient]:
    """A client of the archive; what goes wrong with it within the block is raised as ArchiveFailure.

    on_status: told the status of each answer.
    """
    try:
        import requests
        from dicomweb_client import DICOMwebClient
    except ImportError as error:
        raise MissingLibrary(
            "Archives need dicomweb-client; install it with: pip install dicomweb-client", "no_dicomweb_client"
        ) from error
    _require_safe(address)
    logging.getLogger("dicomweb_client").setLevel(logging.CRITICAL)
    with plain_failures(), requests.Session() as session:
        session.auth = _credentials()
        for scheme in ("https://", "http://"):
            session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=_patience()))
        if on_status is not None:
            session.hooks["response"].append(lambda answer, **_: on_status(answer.status_code) and None)
        client = DICOMwebClient(address.rstrip("/"), session=session, chunk_size=CHUNK_BYTES, timeout=TIMEOUT_S)
        client.set_http_retry_params(retry=False)  # its own waits do not heed what the archive asks for
        yield client


@contextmanager
def plain_failures() -> Iterator[None]:
    """What requests and dicomweb-client raise within the block, as ArchiveFailure."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        raise _refused(error.response) from error
    except requests.exceptions.SSLError as error:
        raise ArchiveFailure(
            "The archive's certificate is not trusted here; name the file of your institution's certificates in the "
            "environment variable REQUESTS_CA_BUNDLE."
        ) from error
    except requests.JSONDecodeError as error:
        raise _not_understood() from error
    except requests.RequestException as error:
        raise ArchiveFailure("The archive does not answer; check its address and the network.") from error
    except (ValueError, KeyError, TypeError, AttributeError, pydicom.errors.InvalidDicomError) as error:
        raise _not_understood() from error


def _patience() -> Any:
    """How often, and after how long, what a busy archive did not answer is asked again, by its Retry-After or else."""
    from urllib3 import Retry

    return Retry(
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


def _require_safe(address: str) -> None:
    """Returns when no credentials stand in the address and none would travel for all to read."""
    if has_user_info(address):
        raise UnusableInput(
            f"Leave user and password out of the address; set {USER} and {PASSWORD}, or {TOKEN}.", "wrong_usage"
        )
    if not is_address(address) or set(address) & set("?#"):
        raise UnusableInput(
            f"{shown(address)} is no DICOMweb address; write it as https://host/path, without a query.", "wrong_usage"
        )
    parts = urlsplit(address)
    credentials = any(os.environ.get(name) for name in (USER, TOKEN, TOKEN_COMMAND))
    if parts.scheme != "https" and credentials and parts.hostname not in LOOPBACK:
        raise UnusableInput("Credentials would travel for all to read; use the archive's https address.", "wrong_usage")


def _credentials() -> Any:
    """As requests takes them: user and password, or what puts the token into a request, but into no log."""
    if command := os.environ.get(TOKEN_COMMAND):
        return BearerToken(lambda: _printed_by(command))
    if token := os.environ.get(TOKEN):
        return BearerToken(lambda: token)
    user = os.environ.get(USER)
    return (user, os.environ.get(PASSWORD, "")) if user else None


class BearerToken:
    """Puts a token into each request, and a new one when the archive does not know the former any more."""

    def __init__(self, new_token: Callable[[], str]) -> None:
        self._new_token = new_token
        self._token = ""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        self._token = self._token or self._new_token()
        request.headers["Authorization"] = f"Bearer {self._token}"
        request.register_hook("response", self._again_if_expired)
        return request

    def _again_if_expired(self, answer: Response, **options: Any) -> Response:
        """As requests does for digest authentication: the same request once more, which calls no hook."""
        former, self._token = self._token, self._new_token() if answer.status_code == 401 else self._token
        if former == self._token:
            return answer
        answer.content  # noqa: B018 - read to its end, so that the connection can be used again
        answer.close()
        request = answer.request.copy()
        request.headers["Authorization"] = f"Bearer {self._token}"
        second: Response = answer.connection.send(request, **options)
        second.history.append(answer)
        second.request = request
        return second


def _printed_by(command: str) -> str:
    """What a command prints, on one line. Raises ArchiveFailure without a word of it."""
    try:
        run = subprocess.run(
            shlex.split(command, posix=os.name != "nt"), capture_output=True, text=True, timeout=COMMAND_S, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ArchiveFailure(
            f"The command of {TOKEN_COMMAND} gives no token ({type(error).__name__}); try it in a terminal."
        ) from None
    token = run.stdout.strip()
    if not token or not token.isascii() or len(token.split()) > 1:
        raise ArchiveFailure(f"The command of {TOKEN_COMMAND} prints something else than one token; correct it.")
    return token


def _refused(response: Response | None) -> ArchiveFailure:
    assert response is not None  # an HTTPError tells of one
    status = response.status_code
    if status in (401, 403):
        return ArchiveFailure(
            f"The archive refuses access ({status}); set {USER} and {PASSWORD}, or {TOKEN}, wherever workers run; of "
            f"tokens that expire, name the command that prints a new one in {TOKEN_COMMAND}.",
            status=status,
        )
    return ArchiveFailure(f"The archive answered {status}; check its address and its log.", ANSWER, status)


def _not_understood() -> ArchiveFailure:
    return ArchiveFailure("The archive's answer is none that DICOMweb knows; check its address and its log.", ANSWER)
