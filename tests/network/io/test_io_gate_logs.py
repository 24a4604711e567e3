from __future__ import annotations

import numpy as np
import pytest

from network import InputError
from network.io.gate_logs import BACKWARDS, UNKNOWN, UNSEEN, read_gates

DAY = int(np.datetime64("2026-03-02").astype(int))
"""A Monday."""


def gates(folder, parameters, *rows, lots=("A",), header="lot,entered,left", **how):
    (folder / "gates.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_gates(folder / "gates.csv", parameters, dict.fromkeys(lots), **how)


def span(lot="A"):
    """Rows that stretch the log of a lot over two whole days, 2 and 3 March."""
    return [f"{lot},2026-03-01 12:00,2026-03-01 12:10", f"{lot},2026-03-04 12:00,2026-03-04 12:10"]


def test_cars_are_counted_as_half_hours_begin(tmp_path, parameters):
    rows = [
        "A,2026-03-02 08:10,2026-03-02 09:00",
        "A,2026-03-02 08:30,2026-03-03 07:40",
        "A,2026-03-02 08:31,2026-03-02 08:59",
    ]
    log = gates(tmp_path, parameters, *rows, *span())
    assert (log.lots, log.days.tolist(), log.rows, log.unknown) == (("A",), [DAY, DAY + 1], 5, ())
    monday, tuesday = log.occupied[0]
    assert monday[16:20].tolist() == [0, 1, 1, 1]
    assert log.arrivals[0, 0, 16:19].tolist() == [1, 2, 0]
    assert (monday[20:] == 1).all()
    assert tuesday[:17].tolist() == [1] * 16 + [0]
    assert log.arrivals.sum() == 3
    assert not any(log.left_out.values())


def test_as_a_slow_count_has_it(tmp_path, parameters):
    rng = np.random.default_rng(3)
    came = rng.integers(0, 4 * 1440, 300)
    went = came + rng.integers(1, 900, 300)
    at = np.datetime64("2026-03-01T00:00")
    text = [f"A,{at + int(a)},{at + int(b)}".replace("T", " ") for a, b in zip(came, went, strict=True)]
    log = gates(tmp_path, parameters, *text)
    for n, day in enumerate((log.days - (DAY - 1)).tolist()):
        for slot in range(48):
            begins = day * 1440 + slot * 30
            inside = ((came < begins) & (went > begins)).sum()
            assert log.occupied[0, n, slot] == inside
            assert log.arrivals[0, n, slot] == ((came >= begins) & (came < begins + 30)).sum()


def test_cars_that_were_there_before_or_still_are(tmp_path, parameters):
    log = gates(tmp_path, parameters, "A,,2026-03-02 10:00", "A,2026-03-03 20:00,", *span())
    assert log.occupied[0, 0, [0, 19, 20]].tolist() == [1, 1, 0]
    assert log.occupied[0, 1, [40, 41, 47]].tolist() == [0, 1, 1]


def test_what_cannot_be_true_is_left_out_and_counted(tmp_path, parameters):
    rows = [
        "A,2026-03-02 10:00,2026-03-02 09:30",  # the clocks went back, or the row is wrong
        "A,2026-02-01 10:00,2026-03-02 09:30",
        "A,2026-02-02 10:00,",
        "B,2026-03-02 10:00,2026-03-02 12:30",
    ]
    log = gates(tmp_path, parameters, *rows, *span())
    assert log.left_out == {BACKWARDS: 1, UNSEEN: 2, UNKNOWN: 1}
    assert log.unknown == ("B",)
    assert log.occupied.sum() == 0


def test_a_lot_counts_on_its_own_days(tmp_path, parameters):
    later = ["B,2026-03-02 23:00,2026-03-02 23:10", "B,2026-03-04 09:00,2026-03-04 09:10"]
    log = gates(tmp_path, parameters, *span(), *later, lots=("A", "B"))
    assert np.isnan(log.occupied[1, 0]).all()
    assert not np.isnan(log.occupied[:, 1]).any()
    assert not np.isnan(log.occupied[0]).any()
    assert np.array_equal(np.isnan(log.occupied), np.isnan(log.arrivals))


def test_headers_and_orders_of_dates(tmp_path, parameters):
    rows = ["A,01/03/2026 12:00,01/03/2026 12:10", "A,13/03/2026 12:00,13/03/2026 12:10"]
    log = gates(tmp_path, parameters, *rows, header="停车场编号,入场时间,出场时间")
    assert len(log.days) == 11
    with pytest.raises(InputError, match=r"may have the day first or the month.*\(say which with dates"):
        gates(tmp_path, parameters, *(row.replace("13/", "04/") for row in rows))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A,,", r"gates.csv, row 2: neither came nor left \(take out the row"),
        (",2026-03-01 10:00,2026-03-02 10:00", r"row 2, column lot: the value is missing"),
        ("A,yesterday,2026-03-02 10:00", r"row 2, column entered: 'yesterday' is no date and time"),
        ("A,2026-03-01 10:00,2026-03-02 10:00", r"gates.csv: covers no lot for a whole day"),
        ("X,2026-03-01 10:00,2026-03-05 10:00", r"tells of no lot that is known, but of 'X'"),
    ],
)
def test_logs_that_cannot_be_read_are_refused(tmp_path, parameters, row, problem):
    with pytest.raises(InputError, match=problem):
        gates(tmp_path, parameters, row)
