"""Events as JSON objects, one a line, and back again."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

from .told import EVENTS, Event


def line_of(event: Event) -> str:
    """One line of JSON, without its end."""
    return json.dumps({"event": event.event, **facts_of(event)})


def facts_of(value: Any) -> dict[str, Any]:
    """The fields of an event, and of what lies in it, by name; what is None by default and in fact is left out."""
    return {
        each.name: _plain(found)
        for each in dataclasses.fields(value)
        if (found := getattr(value, each.name)) is not None or each.default is not None
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return facts_of(value)
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def event_of(line: str | bytes) -> Event | None:
    """The event of a line, without fields that this version does not know; None when it does not know the event.

    Raises ValueError when the line is no event.
    """
    told = json.loads(line)
    if not isinstance(told, dict) or not isinstance(told.get("event"), str):
        raise ValueError(f"no event: {line!r}")
    for kind in EVENTS:
        if kind.event == told["event"]:
            try:
                event: Event = _read(told, kind)
            except (KeyError, TypeError):
                continue
            return event
    return None


def _read(told: Any, kind: Any) -> Any:
    """`told` as a value of this type. Raises KeyError or TypeError when it is none."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _read_fields(told, kind)
    if kind is Any:
        return told
    if origin in (types.UnionType, typing.Union):
        return None if told is None else _read(told, next(part for part in parts if part is not types.NoneType))
    if origin is tuple:
        if not isinstance(told, list) or len(told) != len(parts):
            raise TypeError(told)
        return tuple(_read(each, part) for each, part in zip(told, parts, strict=True))
    if origin is list:
        if not isinstance(told, list):
            raise TypeError(told)
        return [_read(each, parts[0]) for each in told]
    if origin is dict:
        if not isinstance(told, dict):
            raise TypeError(told)
        return {key: _read(each, parts[1]) for key, each in told.items()}
    if not isinstance(told, int | float if kind is float else kind):
        raise TypeError(told)
    return told


def _read_fields(told: Any, kind: Any) -> Any:
    if not isinstance(told, Mapping):
        raise TypeError(told)
    hints = typing.get_type_hints(kind)
    values = {}
    for each in dataclasses.fields(kind):
        has_default = each.default is not dataclasses.MISSING or each.default_factory is not dataclasses.MISSING
        if each.name in told or not has_default:
            values[each.name] = _read(told[each.name], hints[each.name])
    return kind(**values)
