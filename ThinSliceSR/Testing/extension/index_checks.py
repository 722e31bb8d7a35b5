"""What the Extensions Index refuses, as far as it can be known without network.

See scripts/check_description_files.py of github.com/Slicer/ExtensionsIndex. The index also asks the server for each
picture and for the repository's topics, which no test here can.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

DESCRIPTION = "extension_index/ThinSliceSR.json"
EXTENSION = Path(DESCRIPTION).stem
SCHEMA = (
    "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.1.json#"
)
REQUIRED = {"$schema": str, "category": str, "scm_url": str}
OPTIONAL = {
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "enabled": bool,
    "tier": int,
}
# Of the categories and extensions that the index has, those that this extension names.
KNOWN_CATEGORIES = {"Image Synthesis"}
KNOWN_EXTENSIONS = {"PyTorch"}
LICENCES = {"LICENSE", "LICENCE", "License.txt", "license.txt", "LICENSE.txt", "COPYING", "COPYING.txt"}
LARGEST_CLONE_MB = 100
PICTURE_BEGINNINGS = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".gif": b"GIF8",
}


def faults(root: Path) -> list[str]:
    """What the index would refuse about the repository in this folder, one sentence each."""
    raw = (root / DESCRIPTION).read_bytes()
    description = json.loads(raw)
    cmake = (root / "CMakeLists.txt").read_text(encoding="utf-8")
    return [
        *_faults_of_the_form(raw, description),
        *_faults_of_the_address(str(description.get("scm_url", ""))),
        *_faults_of_the_cmake_file(cmake, description),
        *(
            fault
            for name in ("EXTENSION_ICONURL", "EXTENSION_SCREENSHOTURLS")
            for fault in _picture_faults(root, cmake, name)
        ),
        *([] if any((root / name).is_file() for name in LICENCES) else ["there is no licence file in the root"]),
    ]


def clone_size_mb(root: Path, folder: Path) -> float:
    """The size of all files of a clone with its history, which is made in this new folder."""
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(root), str(folder)], check=True, capture_output=True)
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def _faults_of_the_form(raw: bytes, description: dict) -> list[str]:
    known = REQUIRED | OPTIONAL
    found = [f"the key {key} is missing" for key in REQUIRED if key not in description]
    found += [f"the schema knows no {key}" for key in description if key not in known]
    found += [
        f"{key} is of the wrong type"
        for key, value in description.items()
        if key in known and type(value) is not known[key]
    ]
    if b"\r" in raw:
        found.append("the description has line ends that are not LF")
    # The index has its files formatted by prettier, with each entry of a list on a line of its own.
    if raw.replace(b"\r\n", b"\n") != (json.dumps(description, indent=2) + "\n").encode():
        found.append("the description is not indented by 2, with a line end at its end")
    if description.get("$schema") != SCHEMA:
        found.append("the schema is not 1.0.1")
    if description.get("category") not in KNOWN_CATEGORIES:
        found.append("the category is unknown")
    if description.get("tier") not in range(1, 6):
        found.append("the tier is not between 1 and 5")
    return found


def _faults_of_the_address(address: str) -> list[str]:
    found = []
    if urlsplit(address).scheme not in ("git", "https"):
        found.append("scm_url is not an address")
    if not urlsplit(address).path.rpartition("/")[2].startswith("Slicer"):
        found.append('the name of the repository does not begin with "Slicer"')
    return found


def _faults_of_the_cmake_file(cmake: str, description: dict) -> list[str]:
    found = []
    names = re.findall(r"project\s*\(\s*([^\s)]+)", cmake, re.IGNORECASE)
    if names[:1] != [EXTENSION]:
        found.append(f"project() of CMakeLists.txt is not {EXTENSION}")
    if EXTENSION.lower().startswith("slicer"):
        found.append('the name of the extension begins with "Slicer"')
    if _value(cmake, "EXTENSION_HOMEPAGE") != description.get("scm_url"):
        found.append("scm_url and EXTENSION_HOMEPAGE are not the same")
    if _value(cmake, "EXTENSION_CATEGORY") != description.get("category"):
        found.append("category and EXTENSION_CATEGORY are not the same")
    dependencies = description.get("build_dependencies", [])
    if _value(cmake, "EXTENSION_DEPENDS").replace("NA", "").split() != dependencies:
        found.append("build_dependencies and EXTENSION_DEPENDS are not the same")
    found += [f"the index has no extension {name}" for name in dependencies if name not in KNOWN_EXTENSIONS]
    return found


def _picture_faults(root: Path, cmake: str, name: str) -> list[str]:
    addresses = _value(cmake, name).split()
    found = [] if addresses else [f"{name} is not set, or not on one line"]
    for address in addresses:
        if not address.startswith("http"):
            found.append(f"{name}: {address} is not an address")
        path = root / address.partition("/raw/main/")[2]
        beginning = PICTURE_BEGINNINGS.get(path.suffix.lower())
        if beginning is None or not path.is_file() or not path.read_bytes().startswith(beginning):
            found.append(f"{name}: {address} names no png, jpeg or gif file of this repository")
    return found


def _value(cmake: str, name: str) -> str:
    """As the index reads it: from the text, and only where everything stands on one line."""
    found = re.search(rf'^set\({name} "([^"\n]+)"\)', cmake, re.MULTILINE)
    return found[1] if found else ""
