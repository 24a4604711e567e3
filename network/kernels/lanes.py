"""Rows of lanes: one number per start for a node, kept in vector registers while the arcs of the node are scanned.

Plain loops over rows become vector code only now and then, and reload the row for every arc, which costs three to ten
times as much as the sums and minima themselves; so these few loops are written out for the compiler.
"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import get_num_threads, types
from numba.extending import intrinsic

LANES = 32
"""Starts per sweep: four cache lines of 64-bit numbers a node."""
TILE = 16
"""Columns that are written at a time where rows of lanes become rows of an answer: a cache line of 32-bit floats."""
LENGTH_BITS = 32
"""A cost is time_ms << LENGTH_BITS | length_mm: whole numbers that order by time, then length, and add up as both."""
LENGTH_MASK = (1 << LENGTH_BITS) - 1
threads = get_num_threads
"""Threads that kernels run on. Asked for outside: a kernel that asks itself is not kept on disk."""
_LINE_BYTES = 64
_NUMBERS_PER_LINE = _LINE_BYTES // 8
_instructions: Any = intrinsic
"""Calls leave out the first argument, which no type of its own can say."""
PER_UNIT = 1000.0
"""Milliseconds in a second, millimetres in a metre."""


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    """Where the numbers of an array begin."""
    return context.make_array(kind)(context, builder, array).data


def _whole(context: Any, builder: Any, kind: Any, number: Any) -> Any:
    """A whole number, 64 bits wide."""
    return context.cast(builder, number, kind, types.int64)


def _row(builder: Any, data: Any, number: Any, lane: int = 0, lanes: int = LANES) -> Any:
    """Where `lanes` lanes of a row of an array of `aligned` begin."""
    place = builder.gep(data, [builder.add(builder.mul(number, ir.IntType(64)(LANES)), ir.IntType(64)(lane))])
    return builder.bitcast(place, ir.VectorType(ir.IntType(64), lanes).as_pointer())


def _same(builder: Any, number: Any, lanes: int = LANES) -> Any:
    """A row with one number in every lane."""
    none = ir.Constant(ir.VectorType(number.type, lanes), ir.Undefined)
    one = builder.insert_element(none, number, ir.IntType(32)(0))
    return builder.shuffle_vector(one, none, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))


def _lower(builder: Any, row: Any, other: Any) -> Any:
    return builder.select(builder.icmp_signed("<", row, other), row, other)


def _over_arcs(builder: Any, low: Any, high: Any, start: Any, body: Any) -> Any:
    """`row = body(a, row)` for a from `low` to `high`; the last row."""
    before, inside = builder.block, builder.append_basic_block("arc")
    after = builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", low, high), inside, after)
    builder.position_at_end(inside)
    a, row = builder.phi(low.type), builder.phi(start.type)
    new, following = body(a, row), builder.add(a, low.type(1))
    for phi, first, then in ((a, low, following), (row, start, new)):
        phi.add_incoming(first, before)
        phi.add_incoming(then, inside)
    builder.cbranch(builder.icmp_signed("<", following, high), inside, after)
    builder.position_at_end(after)
    last = builder.phi(start.type)
    last.add_incoming(start, before)
    last.add_incoming(new, inside)
    return last


@_instructions
def gather(_: Any, into: Any, at: Any, near: Any, head: Any, weight: Any, low: Any, high: Any) -> Any:
    """`into[at]` becomes the least of itself and near[head[a]] + weight[a], low <= a < high."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        into, near, head, weight = (_data(context, builder, signature.args[k], args[k]) for k in (0, 2, 3, 4))
        at, low, high = (_whole(context, builder, signature.args[k], args[k]) for k in (1, 5, 6))
        mine = _row(builder, into, at)

        def body(a: Any, row: Any) -> Any:
            x = builder.sext(builder.load(builder.gep(head, [a])), a.type)
            far = builder.load(_row(builder, near, x), align=_LINE_BYTES)
            return _lower(builder, builder.add(far, _same(builder, builder.load(builder.gep(weight, [a])))), row)

        start = builder.load(mine, align=_LINE_BYTES)
        builder.store(_over_arcs(builder, low, high, start, body), mine, align=_LINE_BYTES)
        return context.get_dummy_value()

    return types.void(into, at, near, head, weight, low, high), code


@_instructions
def scatter(_: Any, near: Any, at: Any, head: Any, weight: Any, low: Any, high: Any) -> Any:
    """`near[head[a]]` becomes the least of itself and near[at] + weight[a], low <= a < high; no head is `at`."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        near, head, weight = (_data(context, builder, signature.args[k], args[k]) for k in (0, 2, 3))
        at, low, high = (_whole(context, builder, signature.args[k], args[k]) for k in (1, 4, 5))

        def body(a: Any, row: Any) -> Any:
            x = _row(builder, near, builder.sext(builder.load(builder.gep(head, [a])), a.type))
            new = builder.add(row, _same(builder, builder.load(builder.gep(weight, [a]))))
            builder.store(_lower(builder, new, builder.load(x, align=_LINE_BYTES)), x, align=_LINE_BYTES)
            return row

        _over_arcs(builder, low, high, builder.load(_row(builder, near, at), align=_LINE_BYTES), body)
        return context.get_dummy_value()

    return types.void(near, at, head, weight, low, high), code


@_instructions
def expect(_: Any, near: Any, at: Any) -> Any:
    """Row `at` is read soon: it is fetched while other work goes on."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        near = _data(context, builder, signature.args[0], args[0])
        at = _whole(context, builder, signature.args[1], args[1])
        number, place = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [place, number, number, number])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", (place,), kind)
        for lane in range(0, LANES, _NUMBERS_PER_LINE):
            line = builder.bitcast(_row(builder, near, at, lane), place)
            builder.call(fetch, [line, number(0), number(2), number(1)])  # data to read, into the second cache
        return context.get_dummy_value()

    return types.void(near, at), code


@_instructions
def fill(_: Any, near: Any, at: Any, value: Any) -> Any:
    """Every lane of near[at] becomes `value`."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        near = _data(context, builder, signature.args[0], args[0])
        at, value = (_whole(context, builder, signature.args[k], args[k]) for k in (1, 2))
        builder.store(_same(builder, value), _row(builder, near, at), align=_LINE_BYTES)
        return context.get_dummy_value()

    return types.void(near, at, value), code


def _turned(builder: Any, rows: Any) -> Any:
    """A square of rows with rows and columns exchanged: blocks of half the size change places, again and again."""
    size, step = len(rows), 1
    while step < size:
        low = [k if not k & step else size + k - step for k in range(size)]
        high = [k + step if not k & step else size + k for k in range(size)]
        turned = list(rows)
        for i in range(size):
            if not i & step:
                for k, mask in ((i, low), (i + step, high)):
                    lanes = ir.Constant(ir.VectorType(ir.IntType(32), size), mask)
                    turned[k] = builder.shuffle_vector(rows[i], rows[i + step], lanes)
        rows, step = turned, 2 * step
    return rows


@_instructions
def write(
    _: Any, near: Any, rows: Any, low: Any, never: Any, time_s: Any, length_m: Any, start: Any, column: Any
) -> Any:
    """Costs of `TILE` rows of `near` as seconds and metres into columns of two answers, infinite where >= `never`.

    The rows are rows[low : low + TILE]; they become [start : start + LANES, column : column + TILE] of the answers,
    (X, N) float32 with both a multiple of these.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        near, rows, time_s, length_m = (_data(context, builder, signature.args[k], args[k]) for k in (0, 1, 4, 5))
        low, never, start, column = (_whole(context, builder, signature.args[k], args[k]) for k in (2, 3, 6, 7))
        width = builder.extract_value(context.make_array(signature.args[4])(context, builder, args[4]).shape, 1)
        whole = low.type
        single = ir.VectorType(ir.FloatType(), TILE)
        unit, infinite = (ir.Constant(single, [number] * TILE) for number in (PER_UNIT, np.inf))
        for lane in range(0, LANES, TILE):
            times: list[Any] = []
            lengths: list[Any] = []
            for t in range(TILE):
                at = builder.load(builder.gep(rows, [builder.add(low, whole(t))]))
                cost = builder.load(_row(builder, near, builder.sext(at, whole), lane, TILE), align=_LINE_BYTES)
                there = builder.icmp_signed("<", cost, _same(builder, never, TILE))
                for parts, part in (
                    (times, builder.ashr(cost, _same(builder, whole(LENGTH_BITS), TILE))),
                    (lengths, builder.and_(cost, _same(builder, whole((1 << LENGTH_BITS) - 1), TILE))),
                ):
                    parts.append(builder.select(there, builder.fdiv(builder.sitofp(part, single), unit), infinite))
            for answer, parts in ((time_s, times), (length_m, lengths)):
                for k, line in enumerate(_turned(builder, parts)):
                    row = builder.mul(builder.add(start, whole(lane + k)), width)
                    place = builder.gep(answer, [builder.add(row, column)])
                    store = builder.store(line, builder.bitcast(place, single.as_pointer()), align=_LINE_BYTES)
                    store.set_metadata("nontemporal", builder.module.add_metadata([ir.IntType(32)(1)]))
        return context.get_dummy_value()

    return types.void(near, rows, low, never, time_s, length_m, start, column), code
