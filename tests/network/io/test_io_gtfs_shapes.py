from __future__ import annotations

import itertools

import numpy as np
import pytest
from feed_files import AT, read, written

from network import InputError
from network.io.gtfs_shapes import _matched, _Shape
from network.snap import local_metres

LAT = float(AT[:, 1].mean())
HEAD = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled\n"
TRIPS = "route_id,service_id,trip_id,shape_id\nb,week,b1,way\nm,all,m1,\n"


def shape(lonlat, given=None, name="way"):
    given = given if given is not None else [""] * len(lonlat)
    return "".join(f"{name},{y:.7f},{x:.7f},{i},{g}\n" for i, ((x, y), g) in enumerate(zip(lonlat, given, strict=True)))


def bus_m(tmp_path, parameters, shapes, **more):
    feed = read(written(tmp_path / "feed", **{"trips": TRIPS, "shapes": HEAD + shapes, **more}), parameters)
    return feed.source.services[0].length_m.tolist(), feed.notes


def test_a_detour_around_the_block(tmp_path, parameters):
    """From stop 1 to stop 2 the bus leaves the southern street, on which all stops lie, by one crossing north."""
    way = AT[[0, 2, 10, 12, 4, 7]]  # 8 crossings a row
    xy = local_metres(way, LAT)
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))
    found, notes = bus_m(tmp_path, parameters, shape(way))
    assert np.allclose(found, along[[0, 1, 4, 5]], atol=1)
    assert found[2] - found[1] == pytest.approx(800, abs=5)  # not the 400 m of the straight line
    assert notes == ()
    assert np.allclose(bus_m(tmp_path, parameters, shape(np.vstack((AT[8], way))))[0], found, atol=1)
    shuffled = "".join(reversed(shape(way).splitlines(keepends=True)))
    assert bus_m(tmp_path, parameters, shuffled) == (found, ())


def calls(*rows):
    """Stop times of the bus: stop and shape_dist_traveled."""
    head = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled\n"
    return head + "".join(f"b1,7:{i}0:00,7:{i}0:00,{stop},{i},{given}\n" for i, (stop, given) in enumerate(rows))


def test_a_street_that_is_passed_twice(tmp_path, parameters):
    """Out along the southern street and back; the second stop is called at on the way out, or on the way back."""
    xy = local_metres(AT[[0, 2, 7]], LAT)
    _, middle, end = np.hypot(*(xy - xy[0]).T)
    way = AT[[0, 7, 0]]
    out = calls(("s0", ""), ("s1", ""), ("s3", ""), ("s0", ""))
    assert np.allclose(bus_m(tmp_path, parameters, shape(way), stop_times=out)[0], [0, middle, end, 2 * end], atol=2)
    back = calls(("s0", ""), ("s3", ""), ("s1", ""), ("s0", ""))
    expected = [0, end, 2 * end - middle, 2 * end]
    assert np.allclose(bus_m(tmp_path, parameters, shape(way), stop_times=back)[0], expected, atol=2)


def test_where_the_feed_says_how_far_the_stops_lie_it_is_believed_if_that_leads_there(tmp_path, parameters):
    """The bus passes the second stop twice; only the feed can say that the call is on the way back."""
    xy = local_metres(AT[[0, 2, 7]], LAT)
    _, middle, end = np.hypot(*(xy - xy[0]).T)
    way, back = AT[[0, 7, 0]], 10 - 5 * middle / end
    said = calls(("s0", 0), ("s1", f"{back:.4f}"), ("s0", 10))
    found, notes = bus_m(tmp_path, parameters, shape(way, (0, 5, 10)), stop_times=said)
    assert np.allclose(found, [0, 2 * end - middle, 2 * end], atol=2)
    guessed = [0, middle, 2 * end]
    for given, stops in (((0, 5, 10), ("s0", 0, "s1", 6, "s0", 10)), ((0, 5, 4), ("s0", 0, "s1", 2, "s0", 4))):
        rows = calls(*zip(stops[::2], stops[1::2], strict=True))
        assert np.allclose(bus_m(tmp_path, parameters, shape(way, given), stop_times=rows)[0], guessed, atol=2)
    assert notes == ()


def test_shapes_of_other_streets_are_told(tmp_path, parameters):
    plain, _ = bus_m(tmp_path, parameters, shape(AT[[0, 7]], name="other"))
    told = "as the straight lines between their stops with a detour"
    for shapes, note in (
        (shape(AT[[0, 7]], name="other"), f"1 trips name a shape that is not in shapes.txt and are measured {told}"),
        (shape(AT[[56, 63]]), f"1 trips pass further than 100 m from a stop on their shape and are measured {told}"),
        (shape(AT[[7, 0]]), f"1 trips pass further than 100 m from a stop on their shape and are measured {told}"),
        (shape(AT[[0]]), f"1 trips pass further than 100 m from a stop on their shape and are measured {told}"),
    ):
        assert bus_m(tmp_path, parameters, shapes) == (plain, (note,))


def test_shape_points_with_one_number_are_refused_all_at_once(tmp_path, parameters):
    wrong = "way,{:.7f},{:.7f},{},\n"
    rows = [wrong.format(*AT[n, ::-1], number) for n, number in ((0, 1), (2, 1), (4, 2), (7, 2))]
    with pytest.raises(InputError, match=r"shapes.txt, row 3: repeats a shape_pt_sequence") as caught:
        bus_m(tmp_path, parameters, "".join(rows))
    assert [p.where for p in caught.value.problems] == ["shapes.txt, row 3", "shapes.txt, row 5"]


@pytest.mark.parametrize("seed", range(30))
def test_stops_are_matched_as_by_trying_everything(seed):
    """The least sum of squared distances over all ways to put stops on pieces of the shape in order."""
    rng = np.random.default_rng(seed)
    xy = rng.integers(0, 5, (rng.integers(3, 7), 2)) * 100.0
    xy = xy[np.append(True, (np.diff(xy, axis=0) != 0).any(axis=1))]
    if len(xy) < 2:
        pytest.skip("one point is no shape")
    stops = rng.random((rng.integers(2, 5), 2)) * 400
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))
    found = _matched(_Shape(xy, along, along), stops, 1e9)

    def nearest(stop, piece):
        a, b = xy[piece], xy[piece + 1]
        share = min(max(np.dot(stop - a, b - a) / np.dot(b - a, b - a), 0.0), 1.0)
        return float(((a + share * (b - a) - stop) ** 2).sum()), along[piece] + share * (
            along[piece + 1] - along[piece]
        )

    best = min(
        sum(nearest(s, p)[0] for s, p in zip(stops, pieces, strict=True))
        for pieces in itertools.combinations_with_replacement(range(len(xy) - 1), len(stops))
    )
    there = np.column_stack([np.interp(found, along, xy[:, axis]) for axis in (0, 1)])
    assert ((there - stops) ** 2).sum() == pytest.approx(best, rel=1e-9)
    piece = np.searchsorted(along, found, side="left")
    assert (np.diff(piece) >= -1).all()
