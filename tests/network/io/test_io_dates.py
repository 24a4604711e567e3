from __future__ import annotations

import numpy as np
import pytest

from network.errors import InputError
from network.io.dates import NO_DATE, Cell, dates_of


def cells(*texts):
    return [Cell(f"log.csv, row {i + 2}", text) for i, text in enumerate(texts)]


def as_text(dates):
    return [None if m == NO_DATE else str(np.datetime64(m, "m")) for m in dates.minutes.tolist()]


def problems_of(*texts, order=""):
    with pytest.raises(InputError) as error:
        dates_of(cells(*texts), "log.csv", order)
    return [str(p) for p in error.value.problems]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2018-03-02 23:50", "2018-03-02T23:50"),
        ("2018-03-02T23:50:59.250", "2018-03-02T23:50"),
        ("2018/3/2 7:05", "2018-03-02T07:05"),
        ("2018.03.02 07:05:00", "2018-03-02T07:05"),
        ("2018年3月2日 07:05", "2018-03-02T07:05"),
        ("2018-03-02T23:50:00+08:00", "2018-03-02T23:50"),
        ("2018-03-02 12:10 AM", "2018-03-02T00:10"),
        ("2018-03-02 12:10 pm", "2018-03-02T12:10"),
        ("2018-03-02 1:10 p.m.", "2018-03-02T13:10"),
        ("2016-02-29 00:00", "2016-02-29T00:00"),
    ],
)
def test_years_first_mean_one_thing(text, meant):
    found = dates_of(cells(text, ""), "log.csv")
    assert as_text(found) == [meant, None]
    assert found.order == "ymd"


@pytest.mark.parametrize(
    ("texts", "order", "meant"),
    [
        (("02/03/2018 23:50", "13/03/2018 00:10"), "dmy", "2018-03-02T23:50"),
        (("02/03/2018 23:50", "03/13/2018 00:10"), "mdy", "2018-02-03T23:50"),
        (("02.03.2018 23:50", "31.03.2018 00:10"), "dmy", "2018-03-02T23:50"),
    ],
)
def test_one_day_above_twelve_tells_the_order_of_all(texts, order, meant):
    found = dates_of(cells(*texts), "log.csv")
    assert (found.order, as_text(found)[0]) == (order, meant)


def test_day_or_month_is_asked_for_not_guessed():
    (told,) = problems_of("02/03/2018 23:50", "04/03/2018 00:10")
    assert "may have the day first or the month" in told
    assert "dmy or mdy" in told
    for order, meant in (("dmy", "2018-03-02T23:50"), ("mdy", "2018-02-03T23:50")):
        assert as_text(dates_of(cells("02/03/2018 23:50"), "log.csv", order)) == [meant]


def test_two_orders_in_one_table_are_refused():
    (told,) = problems_of("13/03/2018 23:50", "03/14/2018 00:10")
    assert "row 2" in told
    assert "row 3" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("31/02/2018 10:00", "is no date and time"),
        ("30/03/2018", "has no time of day"),
        ("2018-03-30T10:00:00Z", "is in UTC"),
        ("2018-03-30 25:00", "is no date and time"),
        ("yesterday", "is no date and time"),
        ("30/03/18 10:00", "is no date and time"),
        ("43189.5", "is no date and time"),
    ],
)
def test_what_is_no_local_date_and_time_is_named_by_row(text, told):
    (problem,) = problems_of("30/03/2018 10:00", text)
    assert "row 3" in problem
    assert told in problem


def test_a_declared_order_that_does_not_fit_is_told():
    (problem,) = problems_of("30/03/2018 10:00", order="mdy")
    assert "is no date and time" in problem
    assert "month/day/year" in problem
    assert "is no order" in problems_of("30/03/2018 10:00", order="ddmmyy")[0]
