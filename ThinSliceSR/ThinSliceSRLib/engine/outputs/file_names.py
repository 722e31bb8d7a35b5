"""File names made of identifiers that others chose: series UIDs, names of files and cases, what a manifest says."""

from __future__ import annotations

import hashlib
import re

MOST_BYTES = 160  # of the 255 that file systems allow; the rest is for endings and temporary names
# Of Windows, with whatever ending: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
ELSEWHERE_FORBIDDEN = frozenset('<>:"/\\|?*')


def file_name_of(identifier: str) -> str:
    """The name, without an ending, of a file that belongs to `identifier`: itself where that is a plain name.

    Else what is plain of it, with a part of its hash, so that others get other names. Whatever the identifier, the
    name is one part of a path, not hidden, and allowed on every system; the name of such a name is itself.
    """
    plain = "".join(letter if _is_plain(letter) else "_" for letter in identifier)
    plain = plain.encode()[:MOST_BYTES].decode(errors="ignore").lstrip(". ").rstrip(". ")
    if plain == identifier and plain and not DEVICES.fullmatch(plain):
        return plain
    shortened = plain.encode()[: MOST_BYTES - 20].decode(errors="ignore")
    return f"{shortened or 'volume'}-{short_hash(identifier)}".replace(".", "_")


def short_hash(text: str) -> str:
    """Twelve hexadecimal digits that tell this text from others."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


def _is_plain(letter: str) -> bool:
    return letter.isprintable() and letter not in ELSEWHERE_FORBIDDEN
