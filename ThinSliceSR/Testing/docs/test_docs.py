"""The documentation tells what is there: its links, its commands, its options and its messages are the program's."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from mkdocs.config import load_config
from reading_pages import REPOSITORY, Page, read_page
from ThinSliceSRLib.engine.command_line import make_parser

LIBRARY = REPOSITORY / "ThinSliceSR" / "ThinSliceSRLib"
ELSEWHERE = ["benchmarks", "extension_index", "training", "translation"]
PAGES = [
    read_page(path)
    for path in (
        *(REPOSITORY / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
        *sorted(REPOSITORY.glob("docs/*.md")),
        *sorted(REPOSITORY.glob("model_weights/*.md")),
        *(REPOSITORY / folder / "README.md" for folder in ELSEWHERE),
    )
]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def options_of(parser: argparse.ArgumentParser) -> dict[str, set[str]]:
    """The options of each verb, those of its actions included, without what is not for people."""
    [verbs] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: set(_options(verb)) for name, verb in verbs.choices.items()}


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from _options(child)
        elif action.help != argparse.SUPPRESS:
            yield from (option for option in action.option_strings if option.startswith("--"))


def sections(page: Page, heading: str) -> dict[str, str]:
    """The texts under the headings of one level, such as "### "; what stands before them is under ""."""
    before, *parts = re.split(rf"^{heading}(?=\S)", page.text, flags=re.MULTILINE)
    return {"": before, **{part.splitlines()[0]: part for part in parts}}


def patterns_of_texts(source: Path) -> Iterator[str]:
    """A pattern for each text in a Python file, in which anything may stand where the program fills something in."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [re.escape(part.value) if isinstance(part, ast.Constant) else ".+" for part in node.values]
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\\{\w+\\}", ".+", re.escape(node.value))


def is_understood(command: str) -> bool:
    """Whether the program takes these arguments; "…" stands for further ones."""
    try:
        make_parser().parse_args(shlex.split(command.replace("…", ""))[1:])
    except SystemExit as end:
        return end.code == 0  # as after --help
    return True


@EVERY_PAGE
def test_every_link_leads_to_something_that_is_there(page: Page):
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.netloc), link
            continue
        target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        assert target.exists(), f"{link} in {page.name}"
        assert target.is_relative_to(REPOSITORY), f"{link} in {page.name}"
        if parts.fragment:
            assert parts.fragment in read_page(target).anchors, f"{link} in {page.name}"


def test_every_page_is_in_the_navigation():
    config = load_config(str(REPOSITORY / "mkdocs.yml"))
    listed = set(re.findall(r"'([\w/.-]+\.md)'", str(config.nav)))
    assert listed == {page.name for page in PAGES} - {"README.md"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_can_be_made_and_holds_every_page(site: Path):
    made = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    pages = [page.name.removeprefix("docs/") for page in PAGES if page.name != "README.md"]
    assert {re.sub("README.md$", "index.md", page).replace(".md", ".html") for page in pages} == made - {"404.html"}


def test_reading_the_site_asks_no_server_of_others(site: Path):
    loaded = re.compile(r'<(?:script|img|iframe)[^>]*\ssrc="?(?:https?:)?//|<link[^>]*\shref="?(?:https?:)?//')
    fetching = [path.name for path in site.rglob("*.html") if loaded.search(path.read_text(encoding="utf-8"))]
    fetching += [path.name for path in site.rglob("*.css") if re.search(r"url\([\"']?(https?:)?//", path.read_text())]
    assert fetching == []


@EVERY_PAGE
def test_every_command_line_is_understood_by_the_program(page: Page):
    commands = [line for line in page.command_lines if line.startswith("thinslicesr ")]
    assert [command for command in commands if not is_understood(command)] == []


@EVERY_PAGE
def test_every_command_that_is_named_in_a_sentence_is_there(page: Page):
    known = options_of(make_parser())
    for command in page.inline:
        words = command.split()
        if words[:1] == ["thinslicesr"] and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in known, command
            assert {word for word in words if word.startswith("--")} <= known[words[1]], command


@EVERY_PAGE
def test_every_target_of_make_is_there(page: Page):
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for command in (*page.inline, *page.command_lines):
        if target := re.match(r"make ([a-z-]+)", command):
            assert re.search(rf"^{target[1]}:", makefile, re.MULTILINE), command


def test_every_verb_and_option_is_told():
    scripting = next(page for page in PAGES if page.name == "docs/scripting.md")
    told = {title: set(re.findall(r"--[a-z][a-z-]*", text)) for title, text in sections(scripting, "### ").items()}
    options = options_of(make_parser())
    assert {verb: missing for verb in options if (missing := options[verb] - told.get(verb, set()) - told[""])} == {}
    assert "--version" in told[""]


def test_every_option_that_is_told_of_a_verb_is_there():
    scripting = next(page for page in PAGES if page.name == "docs/scripting.md")
    texts = sections(scripting, "### ")
    for verb, options in options_of(make_parser()).items():
        rows = re.findall(r"^\|.*?\|", texts[verb], re.MULTILINE)
        assert set(re.findall(r"`(--[\w-]+)", "".join(rows))) <= options, verb


def test_every_message_is_one_that_the_program_gives():
    troubleshooting = next(page for page in PAGES if page.name == "docs/troubleshooting.md")
    patterns = {text for source in LIBRARY.rglob("*.py") for text in patterns_of_texts(source) if len(text) > 25}
    assert troubleshooting.quotes
    assert [quote for quote in troubleshooting.quotes if not any(re.fullmatch(p, quote) for p in patterns)] == []
