"""Whether a series shows a chest, by what its texts say, in the languages in which archives hold them."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Region = Literal["chest", "other", "untold"]

# Parts of words, in capitals without accents: English, German, French, Spanish, Portuguese, Italian, Dutch, the
# Scandinavian ones, Finnish, Polish, Czech, Hungarian, Turkish, Russian, Greek, Chinese, Japanese and Korean.
CHEST_PARTS = (
    *("CHEST", "THORA", "TORAX", "TORAC", "TORAK", "LUNG", "PULMO", "POLMON", "POUMON", "BRUST", "POITRIN"),
    *("PECHO", "BORST", "BROST", "BRYST", "KLATKA", "PLUC", "HRUDN", "MELLKAS", "GOGUS", "AKCIGER"),
    *("RINTAKEH", "KEUHKO", "TORSO", "BODY", "TRUNK", "TRONC", "TRONK", "RUMPF", "HRCT", "ГРУД", "ЛЕГК", "ТОРАК"),
    *("ΘΩΡΑΚ", "ΠΝΕΥΜ", "胸", "肺", "흉부", "폐"),
)
CHEST_WORDS = ("CAP", "TAP", "CHAP", "NCAP", "CH", "THX", "THO", "TUDO", "PLICE")
OTHER_PARTS = (
    *("HEAD", "BRAIN", "SKULL", "CRANI", "CEREBR", "KOPF", "SCHADEL", "CABEZA", "NEURO", "SINUS", "ORBIT", "DENTAL"),
    *("ABDOM", "BAUCH", "LIVER", "LEBER", "PELVI", "BECKEN", "BACINO", "KIDNEY", "NIERE", "COLON", "BUIK", "BRZUCH"),
    *("SPINE", "WIRBEL", "RACHIS", "COLUMN", "LUMBAR", "LENDEN", "CERVIC", "SACRUM", "HEART", "HERZ", "CARDIAC"),
    *("COEUR", "KNEE", "GENOU", "RODILLA", "ANKLE", "FUSS", "WRIST", "ELBOW", "SHOULDER", "SCHULTER", "EXTREM"),
    *("ГОЛОВ", "ЖИВОТ", "头", "頭", "脑", "腹", "骨盆", "두부", "복부"),
)
OTHER_WORDS = ("NECK", "HALS", "CUELLO", "COLLO", "COU", "TETE", "TESTA", "HIP", "HUFTE", "FOOT", "HAND", "LEG", "ARM")
# What names the spine, although it lies in the chest.
SPINE_PARTS = ("SPINE", "WIRBEL", "RACHIS", "COLUMN", "BWS")


def region_of(body_part: str, *texts: str) -> Region:
    """The region of a series by its Body Part Examined and, where that tells nothing, by the first text that does.

    texts: what says what the series is for, the most special one first (its description, its protocol, its study). A
    body part that is no chest stands, unless the first text names it together with a chest, as for a series that
    reaches from one to the other.
    """
    told = _region(body_part)
    if told == "other":
        both = texts and _names(texts[0], CHEST_PARTS, CHEST_WORDS) and _names(texts[0], OTHER_PARTS, OTHER_WORDS)
        return "chest" if both else "other"
    regions = (told, *map(_region, texts))
    return next((region for region in regions if region != "untold"), "untold")


def _region(text: str) -> Region:
    if _names(text, SPINE_PARTS, ()):
        return "other"
    if _names(text, CHEST_PARTS, CHEST_WORDS):
        return "chest"
    return "other" if _names(text, OTHER_PARTS, OTHER_WORDS) else "untold"


def _names(text: str, parts: tuple[str, ...], words: tuple[str, ...]) -> bool:
    plain = plain_capitals(text)
    return any(part in plain for part in parts) or any(word in words for word in re.findall(r"[^\W\d_]+", plain))


def plain_capitals(text: str) -> str:
    """The text in capitals, its Latin letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.upper().replace("Ł", "L").replace("Ø", "O"))
    return unicodedata.normalize("NFC", "".join(letter for letter in decomposed if not unicodedata.combining(letter)))
