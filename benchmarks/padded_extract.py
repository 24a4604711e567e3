"""An OpenStreetMap extract (.osm.pbf) made many times as large by copies of its nodes, for the memory of readers.

Blocks are copied as they are but for the ids they begin with, so that gigabytes take seconds. See
https://wiki.openstreetmap.org/wiki/PBF_Format.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_ROOM = 10**6
"""More than the ids of a block."""
_VARINT, _BYTES = 0, 2
_RAW_SIZE, _ZLIB = 2, 3
_GROUP, _DENSE, _IDS = 2, 2, 1


def padded(source: Path, target: Path, copies: int) -> int:
    """Write the extract with its nodes and so many copies of them under ids of their own; the bytes written."""
    with source.open("rb") as stream:
        frames = list(_frames(stream))
    nodes = [f for f in frames if f[0] == b"OSMData" and _first_id(f[1]) is not None]
    rest = [f for f in frames[1:] if not (f[0] == b"OSMData" and _first_id(f[1]) is not None)]
    apart = max(_first_id(blob) or 0 for _, blob in nodes) + _ROOM
    with target.open("wb") as out:
        _write(out, *frames[0])
        for copy in range(copies + 1):
            for kind, blob in nodes:
                _write(out, kind, _packed(_shifted(_unpacked(blob), copy * apart)))
        for frame in rest:
            _write(out, *frame)
    return target.stat().st_size


def _frames(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """(kind, blob) of each part of a file."""
    while size := stream.read(4):
        header = {key: value for key, _, value in _fields(stream.read(struct.unpack(">I", size)[0]))}
        kind, count = header[1], header[3]
        assert isinstance(kind, bytes)
        assert isinstance(count, int)
        yield kind, stream.read(count)


def _write(out: BinaryIO, kind: bytes, blob: bytes) -> None:
    header = _field(1, kind) + _number(3 << 3) + _number(len(blob))
    out.write(struct.pack(">I", len(header)) + header + blob)


def _unpacked(blob: bytes) -> bytes:
    (data,) = (value for key, _, value in _fields(blob) if key == _ZLIB)
    assert isinstance(data, bytes)
    return zlib.decompress(data)


def _packed(block: bytes) -> bytes:
    return _number(_RAW_SIZE << 3) + _number(len(block)) + _field(_ZLIB, zlib.compress(block, 1))


def _first_id(blob: bytes) -> int | None:
    """Of a block of nodes; None for others."""
    for key, _, group in _fields(_unpacked(blob)):
        for inner, _, dense in _fields(group) if key == _GROUP and isinstance(group, bytes) else ():
            if inner == _DENSE and isinstance(dense, bytes):
                (ids,) = (value for field, _, value in _fields(dense) if field == _IDS)
                assert isinstance(ids, bytes)
                first, _ = _read(ids, 0)
                return (first >> 1) ^ -(first & 1)
    return None


def _shifted(message: bytes, by: int, path: tuple[int, ...] = (_GROUP, _DENSE, _IDS)) -> bytes:
    """The message with the first of the numbers at `path`, which are deltas, raised."""
    if not path:
        first, at = _read(message, 0)
        return _number(2 * (((first >> 1) ^ -(first & 1)) + by)) + message[at:]
    parts = []
    for key, kind, value in _fields(message):
        if isinstance(value, bytes):
            parts.append(_field(key, _shifted(value, by, path[1:]) if key == path[0] else value))
        else:
            parts.append(_number(key << 3 | kind) + _number(value))
    return b"".join(parts)


def _fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """(field, wire type, value) of a message."""
    at = 0
    while at < len(message):
        tag, at = _read(message, at)
        value, at = _read(message, at)
        if tag & 7 == _VARINT:
            yield tag >> 3, _VARINT, value
        else:
            assert tag & 7 == _BYTES
            yield tag >> 3, _BYTES, message[at : at + value]
            at += value


def _field(key: int, value: bytes) -> bytes:
    return _number(key << 3 | _BYTES) + _number(len(value)) + value


def _read(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
