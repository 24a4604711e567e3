"""Elements of a map as osmium writes them into blocks of its binary format, taken apart into arrays.

Numbers are of 7 bits a byte, the lowest first, and the highest bit tells that more follow; those with a sign have it in
the lowest bit. A field begins with three bits of its form and its number. See
https://wiki.openstreetmap.org/wiki/PBF_Format.
"""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import Whole, inner_njit, outer_njit

Bytes = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FORM_BITS, _FORM = 3, 7
_SPAN = 2
"""The form of a field whose bytes follow upon their count; the only other one that is written is a number."""
_ID, _KEYS, _VALUES = 1, 2, 3
_PLACE_OF_NODE, _PLACE_OF_WAY = 8, 9
"""Latitude, or differences of latitudes; longitudes follow, and before those of ways come the nodes they are of."""
_MIX = 1099511628211
"""The prime of FNV, https://datatracker.ietf.org/doc/html/rfc9923."""


@inner_njit
def _number(data: Bytes, at: Whole) -> tuple[Whole, Whole]:
    """A number without a sign, and where it ends."""
    value = shift = np.int64(0)
    while True:
        byte = np.int64(data[at])
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


@inner_njit
def _signed(value: Whole) -> Whole:
    return (value >> 1) ^ -(value & 1)


@inner_njit
def _field(data: Bytes, at: Whole) -> tuple[Whole, Whole, Whole]:
    """Number of the field that begins here, and where what it holds begins and ends, be it a span or a number."""
    head, start = _number(data, at)
    size, stop = _number(data, start)
    if head & _FORM == _SPAN:
        start, stop = stop, stop + size
    return head >> _FORM_BITS, start, stop


@outer_njit
def parts(data: Bytes, low: Whole, high: int, wanted: int) -> I64:
    """(P, 2) where that which the fields of a number hold begins and ends, in the message data[low:high]."""
    count, out = 0, np.empty((16, 2), np.int64)
    while low < high:
        field, start, low = _field(data, low)
        if field == wanted:
            if count == len(out):
                more = np.empty((4 * count, 2), np.int64)
                more[:count] = out
                out = more
            out[count, 0], out[count, 1] = start, low
            count += 1
    return out[:count]


@outer_njit
def elements(data: Bytes, part: I64, are_ways: bool) -> tuple[I64, I64, I64, I64, I64]:
    """Nodes or ways (X) that lie in data[part[x, 0]:part[x, 1]], the next behind the last.

    Returns ids (X), where the tags of each begin (X + 1), tags (T, 2) as keys and values, where the points of each
    begin (X + 1), and points (V, 3) as node, latitude, longitude in units of the file; the node of a node is not told.
    """
    count, size = len(part), part[-1, 1] - part[0, 0]
    number, tag_first, first = np.empty(count, np.int64), np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    tag = np.empty((size // 2, 2), np.int64)  # each number takes a byte or more
    point = np.zeros((size // 3, 3), np.int64)
    place = _PLACE_OF_WAY if are_ways else _PLACE_OF_NODE
    for i in range(count):
        at, end = part[i, 0], part[i, 1]
        tags, points = tag_first[i], first[i]
        while at < end:
            field, at, stop = _field(data, at)
            if field == _ID:
                value, _ = _number(data, at)
                number[i] = value if are_ways else _signed(value)
            elif _KEYS <= field <= _VALUES:
                tags = tag_first[i]
                while at < stop:
                    tag[tags, field - _KEYS], at = _number(data, at)
                    tags += 1
            elif field >= place - 1:
                points, value = first[i], np.int64(0)
                while at < stop:
                    step, at = _number(data, at)
                    value += _signed(step)
                    point[points, field - place + 1] = value
                    points += 1
            at = stop
        tag_first[i + 1], first[i + 1] = tags, points
    return number, tag_first, tag[: tag_first[count]], first, point[: first[count]]


@inner_njit
def _same(first: I64, tag: I64, read: Flags, one: int, other: int) -> bool:
    t, u = first[one], first[other]
    while True:
        while t < first[one + 1] and not read[tag[t, 0]]:
            t += 1
        while u < first[other + 1] and not read[tag[u, 0]]:
            u += 1
        if t == first[one + 1] or u == first[other + 1]:
            return bool(t == first[one + 1] and u == first[other + 1])
        if tag[t, 0] != tag[u, 0] or tag[t, 1] != tag[u, 1]:
            return False
        t, u = t + 1, u + 1


@outer_njit
def alike(first: I64, tag: I64, read: Flags) -> tuple[I64, I64]:
    """Elements (X) with the same tags of keys that are `read`: a number of each (X), and the first with each number."""
    count, size, found = len(first) - 1, 2, 0
    while size < 2 * count:
        size *= 2
    which, example, slots = np.empty(count, np.int64), np.empty(count, np.int64), np.full(size, -1, np.int64)
    for i in range(count):
        mixed = np.int64(0)
        for t in range(first[i], first[i + 1]):
            if read[tag[t, 0]]:
                mixed = ((mixed ^ tag[t, 0]) * _MIX ^ tag[t, 1]) * _MIX
        slot = (mixed ^ mixed >> 32) & (size - 1)
        while slots[slot] >= 0 and not _same(first, tag, read, example[slots[slot]], i):
            slot = (slot + 1) & (size - 1)
        if slots[slot] < 0:
            slots[slot], example[found] = found, i
            found += 1
        which[i] = slots[slot]
    return which, example[:found]
