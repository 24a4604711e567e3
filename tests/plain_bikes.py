"""Days of shared bikes in plain Python: lists, dictionaries, and one event after another."""

from __future__ import annotations

from collections import Counter
from math import sqrt


class PlainDay:
    """Walks by place, spaces and stock by point; what happened is counted by name and hour, or name and point."""

    def __init__(self, walks, spaces, stock):
        self.walks, self.spaces, self.stock = walks, spaces, list(stock)
        self.by_hour, self.by_point, self.sums = Counter(), Counter(), Counter()

    def take(self, place, hour):
        self.by_hour["wanted", hour] += 1
        near = self.walks[place]
        if not near:
            self.by_hour["out_of_reach", hour] += 1
            self.sums["street"] -= 1
            return True
        for q in near:
            if self.stock[q]:
                self.stock[q] -= 1
                self.by_point["taken", q] += 1
                self.by_hour["from_further", hour] += q != near[0]
                return True
            self.by_point["no_bike", q] += 1
        self.by_hour["lost", hour] += 1
        self.by_point["lost", near[0]] += 1
        return False

    def leave(self, place, hour):
        self.by_hour["returned", hour] += 1
        near = self.walks[place]
        if not near:
            self.by_hour["left_out_of_reach", hour] += 1
            self.sums["street"] += 1
            return
        found = [q for q in near if self.stock[q] < self.spaces[q]]
        for q in near[: near.index(found[0])] if found else near:
            self.by_point["no_place", q] += 1
        q = found[0] if found else near[0]
        self.stock[q] += 1
        self.by_point["left", q] += 1
        if not found:
            self.by_hour["blocked", hour] += 1
            self.by_point["blocked", q] += 1
        self.by_hour["left_further", hour] += q != near[0]

    def outside(self):
        return sum(max(0, b - s) for b, s in zip(self.stock, self.spaces, strict=True))

    def balance(self, want, seconds, van_bikes, stop_s, bike_s, leg_s):
        def apart(q):
            return self.stock[q] - want[q]

        wrong = [q for q in range(len(want)) if apart(q)]
        if not wrong:
            return
        stop_s += leg_s * sqrt(len(want) / len(wrong))
        while seconds > 0 and any(map(apart, range(len(want)))):
            full = max(range(len(want)), key=apart)
            of_point = apart(full) > 0
            load = min(apart(full), van_bikes) if of_point else van_bikes
            if of_point:
                self.stock[full] -= load
                seconds -= stop_s + load * bike_s
                self.sums["stops"] += 1
                self.sums["moved"] += load
            else:
                self.sums["street"] -= load
            while load:
                empty = min(range(len(want)), key=apart)
                if apart(empty) >= 0:
                    self.sums["street"] += load
                    break
                some = min(-apart(empty), load)
                self.stock[empty] += some
                load -= some
                seconds -= stop_s + some * bike_s
                self.sums["stops"] += 1
                self.sums["moved"] += 0 if of_point else some


def ridden(walks, spaces, stock, want, riders, ride_min, first_hour, moments, vans):
    """A day of riders (minute, from, to): the day's counts and, at its end, its stock."""
    day, coming, riding, now = PlainDay(walks, spaces, stock), list(riders), [], 0.0
    day.sums["most_outside"] = day.outside()
    for moment in moments:
        last = moment == moments[-1]
        while coming or riding:
            begins = coming[0][0] if coming else float("inf")
            ends = riding[0][0] if riding else float("inf")
            here = min(begins, ends)
            if not last and here >= moment:
                break
            until = max(now, min(here, moment))
            day.sums["outside_min"] += day.outside() * (until - now)
            now, hour = until, (first_hour + int(here / 60)) % 24
            if ends <= begins:
                day.leave(riding.pop(0)[1], hour)
            else:
                minute, start, end = coming.pop(0)
                if day.take(start, hour):
                    riding.append((minute + ride_min, end))
            day.sums["most_outside"] = max(day.sums["most_outside"], day.outside())
        day.sums["outside_min"] += day.outside() * (moment - now)
        now = moment
        day.balance(want, *vans)
    return day
