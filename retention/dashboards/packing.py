"""Dataclasses of plain values as JSON and back, by their own annotations."""

import dataclasses
import datetime
import types
import typing
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

# What JSON gives back as it was.
PLAIN = (int, str, bool)


def packed(value: Any) -> Any:
    """Return a value as JSON can hold it: dataclasses as objects, moments as text, keys as text."""
    if dataclasses.is_dataclass(value):
        return {field.name: packed(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): packed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [packed(one) for one in value]
    return value


def unpacked(kind: Any, value: Any) -> Any:
    """Return a value of a kind from what `packed` made of it; `kind` is a dataclass or an annotation of one's field."""
    if value is None:
        return None
    if dataclasses.is_dataclass(kind):
        return _built(kind, value)
    if kind in (datetime.datetime, datetime.date):
        return kind.fromisoformat(value)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return unpacked(next(one for one in arguments if one is not types.NoneType), value)
    if origin in (Mapping, dict):
        return {arguments[0](key): unpacked(arguments[1], one) for key, one in value.items()}
    if origin is tuple:
        return tuple(unpacked(one, each) for one, each in zip(arguments, value, strict=True))
    if origin in (Sequence, list) and arguments[0] in PLAIN:
        return value
    if origin in (Sequence, list):
        return [unpacked(arguments[0], one) for one in value]
    return value


def _built(kind: Any, value: Mapping[str, Any]) -> Any:
    return kind(**{name: unpacked(annotation, value[name]) for name, annotation in _annotations(kind).items()})


@lru_cache(maxsize=64)
def _annotations(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
