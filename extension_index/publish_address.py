"""Writes the address of the public repository where the Extensions Index reads it; see README.md beside this file."""

from __future__ import annotations

import re
import sys
from pathlib import Path

TO_BE_SET = "@EXTENSION_REPOSITORY@"
FILES_WITH_ADDRESS = ("CMakeLists.txt", "extension_index/ThinSliceSR.json")
# The index wants the name to begin with "Slicer"; the addresses of the pictures are as GitHub has them.
ADDRESS = re.compile(r"https://github\.com/[\w-]+/Slicer[\w.-]*(?<!\.git)")


def publish_address(address: str, repository: Path) -> None:
    """Replaces every `@EXTENSION_REPOSITORY@`. Raises ValueError with one sentence, and then has changed nothing."""
    if not ADDRESS.fullmatch(address):
        raise ValueError(
            f'"{address}" is not of the form https://github.com/OWNER/SlicerThinSliceSR: give the address of a '
            'repository whose name begins with "Slicer", without .git or / at its end.'
        )
    texts = {repository / name: (repository / name).read_bytes() for name in FILES_WITH_ADDRESS}
    unset = {path: text for path, text in texts.items() if TO_BE_SET.encode() in text}
    if not unset:
        raise ValueError(f"The address is set already; change it by hand in {' and '.join(FILES_WITH_ADDRESS)}.")
    for path, text in unset.items():
        path.write_bytes(text.replace(TO_BE_SET.encode(), address.encode()))


if __name__ == "__main__":
    try:
        publish_address(" ".join(sys.argv[1:]), Path(__file__).resolve().parents[1])
    except ValueError as error:
        sys.exit(str(error))
