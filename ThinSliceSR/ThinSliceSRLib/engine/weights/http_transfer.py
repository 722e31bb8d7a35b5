"""Fetches a file of known size over HTTP, goes on with what is there of it, and tells in words why it could not."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path

from .. import ENGINE_VERSION
from ..addresses import host_of
from ..errors import WeightsError
from .partial_file import PartialFile

# How long, in seconds, to wait for a connection and for each block.
TIMEOUT_S = 30.0
BLOCK = 1 << 18
CERTIFICATES_VARIABLE = "REQUESTS_CA_BUNDLE"


class TransferFailed(Exception):
    """Why a file could not be fetched: the latter half of a sentence that begins with "because"."""


def make_opener() -> urllib.request.OpenerDirector:
    """Opens addresses by the proxy settings of the system and the environment, and trusts the certificates of both.

    Of the environment, OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR itself. Raises WeightsError when
    REQUESTS_CA_BUNDLE names something else than certificates.
    """
    context = ssl.create_default_context()
    bundle = os.environ.get(CERTIFICATES_VARIABLE)
    if bundle:
        try:
            context.load_verify_locations(**({"capath": bundle} if Path(bundle).is_dir() else {"cafile": bundle}))
        except OSError as error:  # an SSLError is one, too
            raise WeightsError(
                f"{CERTIFICATES_VARIABLE} names {bundle}, which cannot be read as certificates; correct or "
                "unset this environment variable.",
                "certificates_unusable",
            ) from error
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))


def fetch(
    opener: urllib.request.OpenerDirector,
    address: str,
    part: PartialFile,
    size: int,
    on_bytes: Callable[[int], None],
) -> None:
    """Brings `part` to `size` bytes, from where it ends; takes a connection that is cut up again as long as that helps.

    on_bytes is told how many bytes are there. Raises TransferFailed; what has come by then stays in `part`.
    """
    while part.size < size:
        before = part.size
        cut = _fetch_once(opener, address, part, size, on_bytes)
        if part.size < size and part.size <= before:
            raise TransferFailed(f"{host_of(address)} {cut}")


def _fetch_once(
    opener: urllib.request.OpenerDirector, address: str, part: PartialFile, size: int, on_bytes: Callable[[int], None]
) -> str:
    """Appends what one answer brings; returns what to tell when that was not all."""
    with _answer(opener, address, part, size) as response:
        on_bytes(part.size)
        while part.size < size:
            try:
                block = response.read1(min(BLOCK, size - part.size))
            except (OSError, http.client.HTTPException) as error:
                return _why(error)
            if not block:
                return "broke off before the end"
            part.append(block)
            on_bytes(part.size)
        return ""


def _answer(opener: urllib.request.OpenerDirector, address: str, part: PartialFile, size: int) -> HTTPResponse:
    """The answer whose body continues `part`, which is emptied where the server begins anew."""
    begin = part.size
    response = _request(opener, address, begin, part.version)
    if response is not None and response.status == 206:
        first, total = _content_range(response)
        if first == begin and total in (None, size):
            return response
        response.close()
        response = None
    if response is None:  # a range that does not fit: the file there is another one, or the server cannot do it
        if not begin:
            raise TransferFailed(f"{host_of(address)} answered with a part of a file that is none of ours")
        part.restart()
        return _answer(opener, address, part, size)
    length = response.headers.get("Content-Length")
    if length is not None and length != str(size):
        response.close()
        raise TransferFailed(f"{host_of(address)} has another file there ({length} bytes instead of {size})")
    part.restart(_version(response))
    return response


def _request(
    opener: urllib.request.OpenerDirector, address: str, begin: int, version: str | None
) -> HTTPResponse | None:
    """The answer to a request for the file from byte `begin` on; None when it says that there is no such range."""
    request = urllib.request.Request(address, headers={"User-Agent": f"ThinSliceSR/{ENGINE_VERSION}"})
    if begin:
        request.add_header("Range", f"bytes={begin}-")
        if version:  # the whole file is to come when it is not that version any more (RFC 9110, section 13.1.5)
            request.add_header("If-Range", version)
    try:
        return opener.open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and begin:
            return None
        raise TransferFailed(f"{host_of(address)} answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise TransferFailed(f"{host_of(address)} {_why(error.reason)}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: letters that no address can have
        raise TransferFailed(f"{host_of(address)} {_why(error)}") from error


def _content_range(response: HTTPResponse) -> tuple[int | None, int | None]:
    """First byte and total of an answer with status 206; None for what it does not tell."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    if not match:
        return None, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _version(response: HTTPResponse) -> str | None:
    """What marks the version for an If-Range: a strong ETag, else the date."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _why(error: object) -> str:
    """What happened, said of the server."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"shows a certificate that is not trusted here ({error.verify_message}; name the file of your "
            f"institution's certificates in the environment variable {CERTIFICATES_VARIABLE})"
        )
    if isinstance(error, socket.gaierror):
        return "cannot be found (is there a network?)"
    if isinstance(error, TimeoutError):
        return "does not answer"
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection"
    if isinstance(error, (ConnectionError, http.client.IncompleteRead, http.client.RemoteDisconnected)):
        return "broke off the connection"
    if isinstance(error, str):  # of urllib itself, as that it knows no such kind of address
        return f"cannot be reached ({error})"
    # Not the error's own text: it may quote the address, to which a server may have led that tells of a password.
    return f"cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})"
