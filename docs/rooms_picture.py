"""Draws docs/pictures/rooms.svg, the rooms and who imports whom: python docs/rooms_picture.py, or make pictures."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LIBRARY = REPOSITORY / "ThinSliceSR" / "ThinSliceSRLib"
PICTURE = REPOSITORY / "docs" / "pictures" / "rooms.svg"
LEFT = {"desktop": 170, "engine": 400}  # of each part's column
COLOURS = {"desktop": "#8a6d1d", "engine": "#1f6f8b"}
Place = tuple[str, str]  # a part and its room
Arrows = set[tuple[Place, Place]]
WIDTH, TOP, STEP, BOX = 760, 76, 34, (130, 24)


def arrows() -> Arrows:
    """Who imports whom: each an importing room and the room that it imports from, as part and room."""
    found = set()
    for file in LIBRARY.rglob("*.py"):
        here = file.relative_to(LIBRARY).parts
        for name in imported(file):
            if len(here) > 2 and len(name) > 1 and name[:2] != here[:2] and (LIBRARY / name[0] / name[1]).is_dir():
                found.add(((here[0], here[1]), (name[0], name[1])))
    return found


def needed(known: Arrows) -> Arrows:
    """Without those that lead where others lead too, by way of another room."""
    behind: dict[Place, set[Place]] = {}
    for by in {place for arrow in known for place in arrow}:
        found = {to for start, to in known if start == by}
        while further := {to for start, to in known if start in found} - found:
            found |= further
        behind[by] = found
    return {(by, to) for by, to in known if not any(to in behind[other] for start, other in known if start == by)}


def imported(file: Path) -> Iterator[tuple[str, ...]]:
    """What a file imports by relative names, as paths in the library."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            place = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for alias in node.names:
                yield (place / alias.name).relative_to(LIBRARY).parts


def in_order(part: str, known: Arrows) -> list[str]:
    """The rooms of a part, each behind all that it imports from; of several that could come next, by name."""
    rooms = sorted(path.parent.name for path in (LIBRARY / part).glob("*/__init__.py"))
    needs = {room: {to[1] for by, to in known if by == (part, room) and to[0] == part} for room in rooms}
    ordered: list[str] = []
    while left := [room for room in rooms if room not in ordered]:
        ordered.append(next(room for room in left if needs[room] <= set(ordered)))
    return ordered


def picture() -> str:
    """The SVG: the later a room, the lower it stands, so that every arrow points up, or from desktop to engine."""
    known = arrows()
    rows = {(part, room): row for part in LEFT for row, room in enumerate(in_order(part, known))}
    middle = {place: TOP + STEP * row + BOX[1] / 2 for place, row in rows.items()}
    height = max(middle.values()) + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height:g}" fill="#ffffff"/>',
        '<text x="20" y="28" font-size="14">From each room up to those that it needs, and what these need.</text>',
    ]
    for by, to in sorted(needed(known)):
        parts.append(line(by, to, middle))
    for part, left in LEFT.items():
        parts.append(f'<text x="{left}" y="62" font-size="15" font-weight="bold" fill="{COLOURS[part]}">{part}/</text>')
    for (part, room), y in middle.items():
        left, colour = LEFT[part], COLOURS[part]
        top = y - BOX[1] / 2
        parts.append(f'<rect x="{left}" y="{top:g}" width="{BOX[0]}" height="{BOX[1]}" rx="4" fill="{colour}"/>')
        parts.append(f'<text x="{left + 10}" y="{y + 5:g}" font-size="14" fill="#ffffff">{room}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def line(by: Place, to: Place, middle: dict[Place, float]) -> str:
    """An arc beside the column, or a line between the two."""
    start, end = middle[by], middle[to]
    if by[0] != to[0]:
        x, across = LEFT["desktop"] + BOX[0], LEFT["engine"]
        path = f"M{x},{start:g} C{x + 40},{start:g} {across - 40},{end:g} {across},{end:g}"
        return f'<path d="{path}" fill="none" stroke="#999999" stroke-opacity="0.5"/>'
    side = 1 if by[0] == "engine" else -1
    x = LEFT[by[0]] + (BOX[0] if side > 0 else 0)
    far = x + side * (24 + 0.55 * abs(start - end))
    path = f"M{x},{start:g} C{far:g},{start:g} {far:g},{end:g} {x},{end:g}"
    return f'<path d="{path}" fill="none" stroke="{COLOURS[by[0]]}" stroke-opacity="0.55"/>'


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
