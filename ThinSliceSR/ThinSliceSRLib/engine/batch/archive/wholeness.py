"""Whether an archive has given what it was asked for in full, as far as its answers tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.message import Message
from typing import TYPE_CHECKING

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

if TYPE_CHECKING:
    from requests import Response

PARTIAL_CONTENT = 206
PIXEL_GROUP = 0x7FE0
UNDEFINED_LENGTH = 0xFFFFFFFF


class Wholeness:
    """Of the answers that it is told (see `connected`) while they are read.

    partial: whether one says itself that it is a part. broken_off: whether the last one in parts has ended without the
    boundary that closes it (RFC 2046, 5.1.1), as when the archive ends a connection on which it told no length.
    """

    def __init__(self) -> None:
        self.partial = self.broken_off = False

    def __call__(self, answer: Response) -> None:
        self.partial |= answer.status_code == PARTIAL_CONTENT
        header = Message()
        header["Content-Type"] = answer.headers.get("Content-Type", "")
        if boundary := header.get_boundary():
            read = answer.iter_content
            # The client takes the end of the content for that of its last part, and tells nobody.
            answer.iter_content = lambda *how, **else_how: self._seen(  # type: ignore[method-assign]
                read(*how, **else_how), f"--{boundary}--".encode()
            )

    def _seen(self, pieces: Iterable[bytes], closing: bytes) -> Iterator[bytes]:
        closed, before = False, b""
        for piece in pieces:
            closed = closed or closing in piece or closing in before + piece[: len(closing)]
            before = (before + piece[-len(closing) :])[-len(closing) :]
            yield piece
        self.broken_off = not closed


def is_cut_short(dataset: Dataset) -> bool:
    """Whether an instance as it was read, of which nothing was looked at yet, ends within its last element or before
    its pixels. pydicom takes what there is; nothing, where it ends within pixels that are compressed."""
    tags = list(dataset.keys())
    if not tags:
        return True
    last = dataset.get_item(max(tags))
    if isinstance(last, RawDataElement) and last.length != UNDEFINED_LENGTH and len(last.value or b"") < last.length:
        return True
    return "Rows" in dataset and not any(tag.group == PIXEL_GROUP for tag in tags)
