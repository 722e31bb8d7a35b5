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
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pydicom

from ...addresses import has_user_info, is_address, shown
from ...errors import MissingLibrary, UnusableInput
from .failure import ANSWER, ArchiveFailure

if TYPE_CHECKING:
    from dicomweb_client import DICOMwebClient
    from requests import PreparedRequest, Response

USER, PASSWORD, TOKEN, TOKEN_COMMAND = (
    f"THINSLICESR_ARCHIVE_{name}" for name in ("USER", "PASSWORD", "TOKEN", "TOKEN_COMMAND")
)
TIMEOUT_S = (20, 300)  # to be reached, and between two pieces of an answer: archives fetch from tape
COMMAND_S = 60
CHUNK_BYTES = 100_000_000  # what is sent at once is less, so that it tells its length and can be sent again
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_archive(source: str) -> bool:
    """Whether a batch's source is the address of an archive."""
    return source.lower().startswith(("http://", "https://"))


@contextmanager
def connected(address: str, on_answer: Callable[[Response], object] | None = None) -> Iterator[DICOMwebClient]:
    """A client of the archive; what goes wrong with it within the block is raised as ArchiveFailure.

    on_answer: told each answer before its content is read.
    """
    try:
        import requests
        from dicomweb_client import DICOMwebClient

        from .patience import patience
    except ImportError as error:
        raise MissingLibrary(
            "Archives need dicomweb-client; install it with: pip install dicomweb-client", "no_dicomweb_client"
        ) from error
    _require_safe(address)
    logging.getLogger("dicomweb_client").setLevel(logging.CRITICAL)
    with plain_failures(), requests.Session() as session:
        session.auth = _credentials(address)
        for scheme in ("https://", "http://"):
            session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=patience()))
        if on_answer is not None:
            session.hooks["response"].append(lambda answer, **_: on_answer(answer) and None)
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
    except (requests.JSONDecodeError, requests.exceptions.ContentDecodingError) as error:
        raise _not_understood() from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise ArchiveFailure(
            "The archive ended the connection before its answer was whole; see its log, and run again.", ANSWER
        ) from error
    except requests.TooManyRedirects as error:
        raise ArchiveFailure(
            "The archive leads from one address to the next without end; check its address and its log.", ANSWER
        ) from error
    except requests.RequestException as error:
        raise ArchiveFailure("The archive does not answer; check its address and the network.") from error
    except (ValueError, KeyError, TypeError, AttributeError, pydicom.errors.InvalidDicomError) as error:
        raise _not_understood() from error


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


def _credentials(address: str) -> Any:
    """As requests takes them: user and password, or what puts the token into a request, but into no log."""
    if command := os.environ.get(TOKEN_COMMAND):
        return BearerToken(address, lambda: _printed_by(command))
    if told := os.environ.get(TOKEN):
        token = _one_token(told)
        if token is None:
            raise ArchiveFailure(f"What {TOKEN} holds is something else than one token; correct it.")
        return BearerToken(address, lambda: token)
    user, password = (_without_line_end(os.environ.get(name, "")) for name in (USER, PASSWORD))
    return (user, password) if user else None


def _without_line_end(text: str) -> bytes:
    """Of what was read from a file, as secrets often are; in UTF-8 (RFC 7617), as requests knows Latin-1 alone."""
    return text.rstrip("\r\n").encode("utf-8", "surrogateescape")


def _one_token(text: str) -> str | None:
    """The token that a text holds, with white space around it at most; None where it is none that a header takes."""
    token = text.strip()
    return token if token.isascii() and token.isprintable() and len(token.split()) == 1 else None


class BearerToken:
    """Puts a token into each request, and a new one when the archive does not know the former any more."""

    def __init__(self, address: str, new_token: Callable[[], str]) -> None:
        self._origin = _origin(address)
        self._new_token = new_token
        self._token = ""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        self._token = self._token or self._new_token()
        request.headers["Authorization"] = f"Bearer {self._token}"
        request.register_hook("response", self._again_if_expired)
        return request

    def _again_if_expired(self, answer: Response, **options: Any) -> Response:
        """As requests does for digest authentication: the same request once more, which calls no hook.

        requests takes this hook along to wherever the archive leads it, but the token is the archive's alone.
        """
        if answer.status_code != 401 or _origin(answer.request.url or "") != self._origin:
            return answer
        former, self._token = self._token, self._new_token()
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


def _origin(address: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address: by what credentials belong to it."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _printed_by(command: str) -> str:
    """What a command prints, on one line. Raises ArchiveFailure without a word of it.

    It prints into a file without a name, of this user alone: what it leaves running would hold a pipe open.
    """
    try:
        with tempfile.TemporaryFile() as file:
            arguments = shlex.split(command, posix=os.name != "nt")
            subprocess.run(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_S,
                check=True,
            )
            file.seek(0)
            printed = file.read().decode()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ArchiveFailure(
            f"The command of {TOKEN_COMMAND} gives no token ({type(error).__name__}); try it in a terminal."
        ) from None
    token = _one_token(printed)
    if token is None:
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
