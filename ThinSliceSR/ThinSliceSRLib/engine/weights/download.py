"""Downloads registered weights into the user's own folder; nothing that is already there and whole is fetched again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote
from urllib.request import OpenerDirector

from ..addresses import has_user_info, host_of, is_address, shown
from ..errors import CannotWrite, UnusableInput, WeightsError
from ..events.finding import Finding
from ..events.progress import Reporter
from .http_transfer import TransferFailed, fetch, make_opener
from .inventory import is_whole
from .model_choice import own_weights_folder, weights_folders
from .partial_file import PartialFile
from .registry import RegisteredModel

MIRROR_VARIABLE = "THINSLICESR_MIRROR"
STAGE = "download"
# How often, in seconds, progress is told.
PACE_S = 0.2


def download(
    model: RegisteredModel,
    reporter: Reporter,
    undo: ExitStack,
    mirror: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Where the registered weights are, after fetching them if they are not there and whole.

    mirror: address of a folder that holds the file, asked instead of the model's own addresses; None takes that of the
    environment variable THINSLICESR_MIRROR, if it is set. When the run is cancelled or fails, FILE.part stays for the
    next one to go on with. Raises WeightsError (`no_address`, `download_failed`) or CannotWrite.
    """
    for folder in weights_folders():
        if is_whole(folder / model.file, model):
            return folder / model.file
    addresses = addresses_of(model, mirror)
    target = own_weights_folder() / model.file
    if not addresses:
        raise WeightsError(
            f"No address is registered for {model.name}; copy {model.file} into {target.parent}, or name a server that "
            f"has it (--mirror or {MIRROR_VARIABLE}).",
            "no_address",
        )
    if target.exists() and not overwrite:
        raise CannotWrite(
            f"{target} holds other weights than the registered {model.name}; allow overwriting (--overwrite) or remove "
            "them.",
            "target_exists",
        )
    with PartialFile(target) as part:
        undo.callback(part.stop)
        opener = make_opener()
        causes: list[str] = []
        for address in addresses:
            try:
                _fetch_registered(opener, address, part, model, reporter)
            except TransferFailed as failure:
                causes.append(str(failure))
                if address != addresses[-1]:
                    message = f"{model.file} did not come from {shown(address)}, because {failure}; trying the next."
                    reporter.warning(Finding("warning", "next_address", message))
            else:
                part.finish()
                return target
    raise WeightsError(
        f"{model.file} could not be downloaded because {', and '.join(causes)}; try again later, or copy the file from "
        f"a computer that can reach {shown(addresses[0])} into {target.parent}.",
        "download_failed",
    )


def addresses_of(model: RegisteredModel, mirror: str | None) -> list[str]:
    """Where to ask for the file, in this order. Raises UnusableInput when the mirror is no address."""
    mirror = mirror or os.environ.get(MIRROR_VARIABLE)
    if not mirror:
        return list(model.urls)
    if has_user_info(mirror):
        raise UnusableInput(
            "Leave user and password out of the mirror's address; name a server that asks for none.", "no_address"
        )
    if not is_address(mirror):
        raise UnusableInput(f"The mirror {shown(mirror)!r} is not an http or https address; correct it.", "no_address")
    return [f"{mirror.rstrip('/')}/{quote(model.file)}"]


def _fetch_registered(
    opener: OpenerDirector, address: str, part: PartialFile, model: RegisteredModel, reporter: Reporter
) -> None:
    """Completes `part` and checks its SHA-256. Raises TransferFailed, and empties it, when it is another file.

    What an earlier run left may be the part of another version, so then there is a second try from the beginning.
    """
    resumed = part.size > 0
    fetch(opener, address, part, model.bytes, _paced(reporter, model.bytes))
    if part.sha256() == model.sha256:
        return
    part.restart()
    if not resumed:
        raise TransferFailed(f"{host_of(address)} sent another file than the registered one (its SHA-256 differs)")
    _fetch_registered(opener, address, part, model, reporter)


def _paced(reporter: Reporter, total: int) -> Callable[[int], None]:
    """Tells the reporter of bytes, now and then, and of the first and the last ones."""
    told_at = 0.0

    def tell(done: int) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now - told_at >= PACE_S or done == total:
            told_at = now
            reporter.progress(STAGE, done, total)

    return tell
