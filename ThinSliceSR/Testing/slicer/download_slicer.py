"""Downloads and unpacks a 3D Slicer for this computer, and prints the path of its program.

    python download_slicer.py 5.12|stable|preview FOLDER

The server is asked as its own code says (github.com/Slicer/slicer_download): /find answers with what it knows of the
newest package that fits.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode, urljoin

SERVER = "https://download.slicer.org"
SYSTEMS = {"linux": ("linux", ".tar.gz"), "darwin": ("macosx", ".dmg"), "win32": ("win", ".exe")}


def find_package(version: str, system: str, server: str) -> dict:
    """What the server knows of the newest package: `version`, `revision`, `size`, `sha512`, `download_url` and more

    version: a release such as 5.12, "stable" for the newest release, or "preview". system: linux, macosx or win.
    """
    query = {"os": system, "stability": "nightly" if version == "preview" else "release"}
    if version not in ("stable", "preview"):
        query["version"] = version
    answer = _curl(f"{server}/find?{urlencode(query)}", "--output", "-")
    return json.loads(answer)


def download_package(package: dict, file: Path, server: str) -> None:
    """Raises ValueError when what came is not what the server had announced."""
    _curl(urljoin(f"{server}/", package["download_url"]), "--output", str(file))
    checksum = hashlib.sha512(file.read_bytes()).hexdigest()
    # Of some packages the server knows no checksum; their size is all that can be compared.
    if file.stat().st_size != package["size"] or package["sha512"] not in (None, checksum):
        raise ValueError(f"the download of Slicer {package['version']} is damaged; try again")


def unpack(file: Path, folder: Path) -> Path:
    """Returns the path of Slicer's program, below the folder."""
    if file.suffix == ".exe":
        # The installer takes its folder as the last argument and never in quotes, so this is one line.
        subprocess.run(f'"{file}" /S /D={folder}', check=True)
        [program] = folder.glob("Slicer.exe")
    elif file.suffix == ".dmg":
        disk = folder / "disk"
        disk.mkdir()
        subprocess.run(["hdiutil", "attach", "-nobrowse", "-readonly", "-mountpoint", disk, file], check=True, stdout=2)
        shutil.copytree(disk / "Slicer.app", folder / "Slicer.app", symlinks=True)
        subprocess.run(["hdiutil", "detach", disk], check=True, stdout=2)
        program = folder / "Slicer.app" / "Contents" / "MacOS" / "Slicer"
    else:
        subprocess.run(["tar", "-xzf", file, "-C", folder], check=True)
        [program] = folder.glob("*/Slicer")
    if not os.access(program, os.X_OK):
        raise ValueError(f"{program} cannot be started")
    return program


def _curl(address: str, *options: str) -> bytes:
    command = ["curl", "--silent", "--show-error", "--fail", "--location", "--retry", "5", "--retry-delay", "5"]
    return subprocess.run([*command, *options, address], check=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("version", help="such as 5.12, or stable, or preview")
    parser.add_argument("folder", type=Path, help="where to unpack it; made if it is not there")
    parser.add_argument("--server", default=SERVER)
    arguments = parser.parse_args()
    system, suffix = SYSTEMS[sys.platform]
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    package = find_package(arguments.version, system, arguments.server)
    print(f"Slicer {package['version']}, revision {package['revision']}, {package['arch']}", file=sys.stderr)
    file = folder.with_name(f"{folder.name}-package{suffix}")
    try:
        download_package(package, file, arguments.server)
        program = unpack(file, folder)
    finally:
        file.unlink(missing_ok=True)
    print(program.as_posix())


if __name__ == "__main__":
    main()
