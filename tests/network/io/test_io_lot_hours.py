"""Tables of when lots may be shared."""

from __future__ import annotations

import pytest

from network import InputError
from network.io import read_lot_hours


def test_rows_are_read_with_and_without_days_and_groups(tmp_path):
    file = tmp_path / "windows.csv"
    file.write_text(
        "停车场,共享开始,共享结束,共享日期,群体\nP1,18:00,32:00,,\nP1,08:30,16:30,weekday; weekend,commuters\n"
    )
    all_days = ["weekday", "weekend", "holiday"]
    assert read_lot_hours(file) == [
        {"lot": "P1", "start": "18:00", "end": "32:00", "days": all_days, "group": ""},
        {"lot": "P1", "start": "08:30", "end": "16:30", "days": all_days[:2], "group": "commuters"},
    ]
    file.write_text("lot,shared_from,shared_to\nP1,18:00,32:00\n")
    assert read_lot_hours(file)[0]["group"] == ""


def test_all_that_is_wrong_is_named_by_row(tmp_path):
    file = tmp_path / "windows.csv"
    rows = [
        "P1,18:00,08:00,,",
        "P2,8 am,16:00,,",
        "P3,08:00,16:00,monday,",
        "P4,08:00,16:00,,lorries",
        "P5,08:00,16:00,,",
    ]
    file.write_text("\n".join(["lot,shared_from,shared_to,shared_days,group", *rows]))
    with pytest.raises(InputError) as error:
        read_lot_hours(file)
    told = [(p.where, p.what) for p in error.value.problems]
    assert [where for where, _ in told] == [
        "windows.csv, row 2 (P1)", "windows.csv, row 3 (P2)", "windows.csv, row 4 (P3)",
        "windows.csv, row 5, column group",
    ]  # fmt: skip
    assert "past midnight is 32:00" in error.value.problems[0].hint
