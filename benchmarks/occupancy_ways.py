"""How quantiles of occupancy are best foretold: the choice behind `network/demand/occupancy.py`.

Each way foretells one week of 63 German car parks from the weeks before it, three times over; the last two weeks of the
series are left for the check that `luxing fit-occupancy` shows.

python benchmarks/occupancy_ways.py SHARED/data/parking
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from network import ParkingRules, check_occupancy, day_types, units
from network.demand import occupancy
from network.io import Parameters, given_part, read_occupancy, read_spaces

DATA = Path(__file__).parents[1] / "data"
HOLIDAY = 18_903
"""The third of October 2021, counted from 1970."""
WIDTHS, HALF_LIVES = (0, 1, 2), (3.5, 7.0, 14.0, 28.0, np.inf)
CHECKED_DAYS, WEEKS = 14, 3


def main(folder: Path) -> None:
    known = Parameters.load(DATA)
    rules, use = given_part(ParkingRules, "parking", known), units.LAND_USES.index("shopping")
    spaces = read_spaces(folder / "meta-data.csv")
    log = read_occupancy(sorted(folder.glob("free*.csv.gz")), known, spaces=spaces, timezone="Europe/Berlin")
    kind, last = day_types(log.days, [HOLIDAY]), len(log.days) - 1 - CHECKED_DAYS
    print("neighbours  half-life, days  loss, % of spaces: weekday weekend  covered, %: weekday weekend")
    for width in WIDTHS:
        for half_life in HALF_LIVES:
            occupancy.AROUND = tuple(range(-width, width + 1))  # type: ignore[misc]
            occupancy.HALF_LIFE_DAYS = half_life  # type: ignore[misc]
            scores = []
            for week in range(WEEKS):
                end = last - 7 * week
                checks = check_occupancy(kind[:end], log.occupied[:, :end], log.spaces, rules, use=use, weeks=1)
                scores.append([(check.guesses[0].loss, check.guesses[0].covered) for check in checks])
            loss, covered = 100 * np.mean(scores, axis=0).T
            print(f"{width:10}  {half_life:15}  {loss[0]:26.2f} {loss[1]:7.2f}  {covered[0]:19.1f} {covered[1]:7.1f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
