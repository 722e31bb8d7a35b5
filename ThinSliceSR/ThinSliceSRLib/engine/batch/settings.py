"""How the volumes of a batch are made: the same for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..devices.device import require_threads
from ..outputs.file_names import file_name_of
from ..synthesis.synthesize import Quality
from ..synthesis.thin_spacing import AUTO, NATIVE, require_spacing
from ..volumes.slice_thickness import require_millimetres
from ..volumes.value_scale import require_scale


@dataclass(frozen=True)
class Settings:
    """As the options of `synthesize`; bicubic, doubt, difference, dicom_out: whether they are made.

    suffix: of volumes (".nrrd"). slab_mm: the thickness of the slices of all volumes; None takes what each of them
    says. values: the scale of all of them, see `in_hu`.
    """

    weights: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    threads: str | int = "auto"
    spacing: str | float = AUTO
    slab_mm: float | None = None
    values: str | None = None
    tiling: str = "overlapped"
    slab_consistency: str = "auto"
    quality: Quality = "standard"
    bicubic: bool = False
    doubt: bool = False
    difference: bool = False
    dicom_out: bool = False
    dicom_compression: str = "none"
    suffix: str = ".nrrd"
    compressed: bool = True

    def require_sense(self) -> None:
        """Returns when volumes can be made so. Raises UnusableInput (`wrong_usage`)."""
        require_spacing(self.spacing)
        require_millimetres("--slab-mm", self.slab_mm)
        require_scale(self.values)
        require_threads(self.threads)

    def described(self, model_sha256: str) -> str:
        """What of it makes results differ, with the model that they are made by: a later run with another redoes them.

        Not the device and not how tightly files are packed.
        """
        spacing = self.spacing if self.spacing in (AUTO, NATIVE) else float(self.spacing)  # 1 and 1.0 are the same
        values = "" if self.values is None else f", values {self.values}"
        quality = "" if self.quality == "standard" else f", quality {self.quality}"
        slab = "" if self.slab_mm is None else f", slab {self.slab_mm:g} mm"
        further = "".join(f", {name}" for name in ("doubt", "difference") if getattr(self, name))
        return (
            f"model {model_sha256[:16]}, precision {self.precision}, spacing {spacing}, tiling {self.tiling}, "
            f"slab consistency {self.slab_consistency}, bicubic {self.bicubic}, DICOM {self.dicom_out}, {self.suffix}"
            f"{slab}{values}{quality}{further}"
        )


@dataclass(frozen=True)
class Results:
    """The paths of what is made of one volume. All but output: None where it is not made."""

    output: Path
    bicubic: Path | None
    doubt: Path | None
    difference: Path | None
    dicom: Path | None

    @property
    def paths(self) -> list[Path]:
        return [path for path in (self.output, self.bicubic, self.doubt, self.difference, self.dicom) if path]

    def bytes(self) -> int | None:
        """Of all files; None when one of the results is not there, or cannot be looked at."""
        try:
            if not all(path.exists() for path in self.paths):
                return None
            files = [file for path in self.paths for file in ([path] if path.is_file() else path.rglob("*"))]
            return sum(file.stat().st_size for file in files if file.is_file())
        except OSError:
            return None


def results_of(name: str, folder: Path, settings: Settings, is_dicom: bool) -> Results:
    """Where the results of a volume lie in `folder`; only of DICOM (`is_dicom`) can a DICOM series be derived.

    Whatever the name, which others may have written into a file or a manifest, they lie there and nowhere else.
    """
    name = file_name_of(name)
    return Results(
        output=folder / f"{name}_DLS{settings.suffix}",
        bicubic=folder / f"{name}_BIS{settings.suffix}" if settings.bicubic else None,
        doubt=folder / f"{name}_DOUBT{settings.suffix}" if settings.doubt else None,
        difference=folder / f"{name}_DIFFERENCE{settings.suffix}" if settings.difference else None,
        dicom=folder / f"{name}_DICOM" if settings.dicom_out and is_dicom else None,
    )
