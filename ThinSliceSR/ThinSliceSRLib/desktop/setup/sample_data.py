"""Registers the sample volumes. Slicer does that while it starts, so this file imports next to nothing."""

from __future__ import annotations

from pathlib import Path

CATEGORY = "ThinSliceSR"
PHANTOM = "ThinSliceSRPhantom5mm"
CT_CHEST = "CTChest 5 mm"


def register_sample_volumes(icons_folder: Path) -> None:
    """Adds both samples to the Sample Data module, with their pictures; a second time changes nothing."""
    import SampleData

    pictures = {
        PHANTOM: icons_folder / f"{PHANTOM}.png",
        CT_CHEST: Path(SampleData.__file__).parent / "Resources" / "Icons" / "CTChest.png",
    }
    for name, picture in pictures.items():
        # Without addresses and file names of its own: what there is to download is Slicer's sample.
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=name,
            uris=[],
            fileNames=[],
            customDownloader=_load,
            thumbnailFileName=str(picture),
        )


def _load(source: object) -> object:
    from .sample_volumes import load_chosen_sample

    return load_chosen_sample(source)
