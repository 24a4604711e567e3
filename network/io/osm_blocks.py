"""Nodes and ways of an OpenStreetMap file a block at a time, as arrays.

Every element that reaches Python costs ten microseconds or more. So osmium, whatever the format of the file, writes the
elements that are asked for and the places of their nodes into a file of blocks, plain enough to be taken apart here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import osmium

from network.io.osm_meaning import Items
from network.kernels.elements import alike, elements, parts
from network.part import F64, I64, Bools

_FORMAT = "pbf,locations_on_ways=true,pbf_compression=none,pbf_dense_nodes=false,add_metadata=false"
_HEAD_SIZE = struct.Struct(">I")
_KIND, _LENGTH, _RAW = 1, 3, 1
"""Fields of the header of a block, and of a block."""
_WORDS, _WORD, _GROUPS, _NODES, _WAYS = 1, 1, 2, 1, 3
_PER_DEGREE = 10**7
_WORLD = 180 * _PER_DEGREE, 90 * _PER_DEGREE
_MOST_ID = 2**63 - 1

Bytes = npt.NDArray[np.uint8]


class Runs(NamedTuple):
    """Lines (L) through points of a block."""

    of: I64
    """(L) the element each is of."""
    first: I64
    """(L + 1)."""
    vertex: I64
    """(V) points of the block, line by line."""

    def take(self, wanted: Bools) -> Runs:
        """Some of the lines."""
        count = np.diff(self.first)
        first = np.append(0, np.cumsum(count[wanted]))
        return Runs(self.of[wanted], first, self.vertex[np.repeat(wanted, count)])


class Block(NamedTuple):
    """Nodes or ways (X), as they follow each other in the file, and their points (V); a node is its only point."""

    are_ways: bool
    id: I64
    """(X)."""
    tags: list[Items]
    """(T) all combinations of tags that are read."""
    which: I64
    """(X) position in `tags`."""
    first: I64
    """(X + 1) points of element x are first[x]:first[x + 1]."""
    node: I64
    """(V) id of the node at each point of a way."""
    lonlat: F64
    """(V, 2) WGS-84 degrees."""
    known: Bools
    """(V) whether the file holds the node, within the world."""

    def known_points(self) -> Runs:
        """All points of each element that are known, of elements that have any."""
        return self._lines(by_gaps=False)

    def known_runs(self) -> Runs:
        """Points that follow each other in each element with none between them that is not known, two or more."""
        runs = self._lines(by_gaps=True)
        return runs.take(np.diff(runs.first) > 1)

    def _lines(self, *, by_gaps: bool) -> Runs:
        vertex = np.flatnonzero(self.known)
        of = np.repeat(np.arange(len(self.id)), np.diff(self.first))[vertex]
        is_new = np.ones(len(vertex), np.bool_)
        is_new[1:] = of[1:] != of[:-1]
        if by_gaps:
            is_new[1:] |= np.diff(vertex) > 1
        begin = np.flatnonzero(is_new)
        return Runs(of[begin], np.append(begin, len(vertex)), vertex)


class Unsorted(RuntimeError):
    """Elements are not in the order of type and id."""


def block_writer(file: Path) -> Any:
    """A handler of osmium that writes the elements that come to it into a new file; closed at the end of a `with`."""
    return osmium.SimpleWriter(osmium.io.File(str(file), _FORMAT))


def read_blocks(file: Path, is_read: Callable[[str], bool]) -> Iterator[Block]:
    """Blocks of a file of `block_writer`, with the tags whose key is read; raises Unsorted."""
    was_way, last = False, 0
    with file.open("rb") as stream:
        for data in _blocks(stream):
            for block in _taken_apart(data, is_read):
                was_way, last = _check_order(block, was_way=was_way, last=last)
                yield block


def _blocks(stream: BinaryIO) -> Iterator[Bytes]:
    while size := stream.read(_HEAD_SIZE.size):
        head = np.frombuffer(stream.read(*_HEAD_SIZE.unpack(size)), np.uint8)
        kind, length = (_only(head, 0, len(head), field) for field in (_KIND, _LENGTH))
        blob = np.frombuffer(stream.read(sum(int(byte & 127) << 7 * i for i, byte in enumerate(length))), np.uint8)
        if kind.tobytes() == b"OSMData":
            yield _only(blob, 0, len(blob), _RAW)


def _only(data: Bytes, low: int, high: int, field: int) -> Bytes:
    """What the only field of a number holds."""
    ((start, stop),) = parts(data, low, high, field)
    return data[start:stop]


def _taken_apart(data: Bytes, is_read: Callable[[str], bool]) -> Iterator[Block]:
    """A block for each run of elements of one type."""
    ((low, high),) = parts(data, 0, len(data), _WORDS)
    words = [data[a:b].tobytes() for a, b in parts(data, low, high, _WORD).tolist()]
    for start, stop in parts(data, 0, len(data), _GROUPS).tolist():
        for are_ways, field in ((False, _NODES), (True, _WAYS)):
            part = parts(data, start, stop, field)
            if len(part):
                yield _block(elements(data, part, are_ways), words, is_read, are_ways=are_ways)


def _block(
    taken: tuple[I64, I64, I64, I64, I64], words: list[bytes], is_read: Callable[[str], bool], *, are_ways: bool
) -> Block:
    number, tag_first, tag, first, point = taken
    key = {k: words[k].decode() for k in np.unique(tag[:, 0]).tolist()}
    read = np.zeros(len(words), np.bool_)
    read[[k for k, name in key.items() if is_read(name)]] = True
    which, example = alike(tag_first, tag, read)
    chosen = [tag[tag_first[x] : tag_first[x + 1]] for x in example.tolist()]
    tags = [tuple((key[k], words[v].decode()) for k, v in pairs[read[pairs[:, 0]]].tolist()) for pairs in chosen]
    return Block(are_ways, number, tags, which, first, point[:, 0], *_on_earth(point[:, :0:-1]))


def _on_earth(place: I64) -> tuple[F64, Bools]:
    """Degrees (V, 2) of places in units of the file, and whether they lie within the world."""
    return place / _PER_DEGREE, np.asarray((np.abs(place) <= _WORLD).all(axis=1), np.bool_)


def _check_order(block: Block, *, was_way: bool, last: int) -> tuple[bool, int]:
    """Type and id of the last element; elements without an id of their own, which are below 1, may stand anywhere."""
    before = np.append(last if was_way == block.are_ways else was_way * _MOST_ID, block.id[:-1])
    wrong = np.flatnonzero((block.id <= before) & (block.id > 0))
    if len(wrong):
        at = wrong[0]
        names = ["way" if are_ways else "node" for are_ways in (block.are_ways, block.are_ways if at else was_way)]
        raise Unsorted(f"{names[0]} {block.id[at]} comes after {names[1]} {before[at] if at else last}")
    return block.are_ways, int(block.id[-1])
