"""How the volumes of a batch are made: the same for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..outputs.file_names import file_name_of
from ..run.options import SynthesisOptions
from ..synthesis.thin_spacing import AUTO, NATIVE


@dataclass(frozen=True)
class Settings(SynthesisOptions):
    """The options of `synthesize` that all volumes share; bicubic, doubt, difference, dicom_out: whether they are made.

    suffix: of volumes (".nrrd").
    """

    bicubic: bool = False
    doubt: bool = False
    difference: bool = False
    dicom_out: bool = False
    suffix: str = ".nrrd"

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


def result_paths(name: str, folder: Path, settings: Settings, is_dicom: bool) -> Results:
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
