"""Addresses of servers, which may hold what is secret: how they are checked, and how they are told of."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# A path makes one slash of two, and some forget both. One letter is a drive of Windows.
SCHEME = r"\b(?:[a-z][a-z0-9+.-]+:/+|https?:)"
# The longest match: passwords may hold / and @, and even spaces.
USER_INFO = re.compile(rf"({SCHEME})(?:\S*|[^\s/:;\"]+:[^/;\"]*)@", re.IGNORECASE)
# Where the scheme was forgotten. A single letter is a drive.
BARE_USER_INFO = re.compile(r"(?<![^\s/\"'(])[^\s/\\\"'(:@]{2,}:[^\s/\\\"']+@")
# To the end of the address, but not of the sentence that tells it.
QUERY = re.compile(rf"({SCHEME}[^\s\"'?#]*)[?#][^\s\"']*?(?=[;,.)\]}}]*(?:[\s\"']|$))", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Whether this is an address that files can be fetched from: of http or https, without user and password."""
    try:
        parts = urlsplit(text)
        reachable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        return reachable and not has_user_info(text) and text.isprintable() and " " not in text
    except ValueError:
        return False


def has_user_info(address: str) -> bool:
    """Whether a user or a password stands in the address, or what may be meant as such."""
    try:
        return "@" in urlsplit(address).netloc
    except ValueError:
        return "@" in address


def shown(address: str) -> str:
    """The address without what may be secret in it: user, password, query."""
    return re.split(r"[?#]", without_secrets(address), maxsplit=1)[0]


def host_of(address: str) -> str:
    """The name of the server in an address."""
    return urlsplit(address).hostname or "the server"


def without_secrets(text: str) -> str:
    """The text with neither user, password nor query in the addresses that it tells of. Of paths it changes none."""
    return QUERY.sub(r"\1", USER_INFO.sub(r"\1", text))


def sentence_without_secrets(sentence: str) -> str:
    """The same of a sentence about something that went wrong, which may tell of an address whose scheme was forgotten
    (user:password@host). A path with such a part loses it, too, so this is nothing to find files by."""
    return BARE_USER_INFO.sub("", without_secrets(sentence))
