"""What the tests of the documentation read in a page: its links and anchors, and the commands that it names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import markdown
from pymdownx.slugs import slugify

REPOSITORY = Path(__file__).parents[3]


@dataclass
class Page:
    """anchors: of its headings, as GitHub names them. links: of texts and pictures. blocks, inline: what is code."""

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.relative_to(REPOSITORY).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def command_lines(self) -> list[str]:
        """Commands in blocks, without the comments that stand behind them."""
        lines = (line.strip() for block in self.blocks for line in block.splitlines())
        return [re.split(r"\s{2,}|\s#", line)[0] for line in lines if line]


def read_page(path: Path) -> Page:
    page = Page(path)
    toc = {"slugify": slugify(case="lower")}
    html = markdown.markdown(
        page.text, extensions=["tables", "toc", "pymdownx.superfences"], extension_configs={"toc": toc}
    )
    _Reader(page).feed(html)
    return page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag in ("h1", "h2", "h3", "h4") and values.get("id"):
            self._page.anchors.add(str(values["id"]))
        self._page.links += [str(value) for name, value in attributes if name in ("href", "src")]
        if tag in ("pre", "code", "blockquote"):
            self._within.append(tag)
            if tag == "code":
                (self._page.blocks if "pre" in self._within else self._page.inline).append("")
        if tag == "p" and "blockquote" in self._within:
            self._page.quotes.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("pre", "code", "blockquote"):
            self._within.remove(tag)

    def handle_data(self, data: str) -> None:
        if "code" in self._within:
            (self._page.blocks if "pre" in self._within else self._page.inline)[-1] += data
        if "blockquote" in self._within and self._page.quotes and data.strip():
            self._page.quotes[-1] += data
