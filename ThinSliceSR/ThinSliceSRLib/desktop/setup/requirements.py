"""What the engine needs and this Slicer's Python does not have. Nothing is imported to find that out."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

REQUIREMENTS_FILE = Path(__file__).resolve().parents[3] / "Resources" / "requirements.txt"
TORCH = Requirement("torch>=2.2")


@dataclass(frozen=True)
class Missing:
    """What is missing; false when nothing is.

    torch: PyTorch is not there, or too old; then `old_torch` is its version. packages: as pip wants them told, such as
    "einops>=0.7".
    """

    torch: bool
    packages: tuple[str, ...] = ()
    old_torch: str = ""

    def __bool__(self) -> bool:
        return self.torch or bool(self.packages)

    @property
    def package_names(self) -> str:
        """The packages for people, without versions."""
        return ", ".join(Requirement(package).name for package in self.packages)


def missing_requirements() -> Missing:
    """What the worker process would miss if it started now."""
    importlib.invalidate_caches()  # pip may have installed something since
    torch_missing = not is_there(TORCH)
    return Missing(
        torch=torch_missing,
        packages=tuple(str(package) for package in needed_packages() if not is_there(package)),
        old_torch=(installed_version(TORCH.name) or "") if torch_missing else "",
    )


def needed_packages() -> list[Requirement]:
    """The packages of Resources/requirements.txt."""
    lines = REQUIREMENTS_FILE.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def is_there(package: Requirement) -> bool:
    version = installed_version(package.name)
    return version is not None and package.specifier.contains(version, prereleases=True)


def installed_version(package: str) -> str | None:
    """The version of a package that is called as its module is; None when either of the two is not there."""
    if importlib.util.find_spec(package) is None:
        return None
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
