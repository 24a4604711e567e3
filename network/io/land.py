"""What land is used for: the areas of a map that say it, each square metre counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from network.io.layers import Plane
from network.io.ways import Tags
from network.part import F64, I64

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

LAND: Final[Mapping[str, frozenset[str]]] = {
    "amenity": frozenset({"school", "kindergarten", "college", "university", "hospital", "parking"}),
    "leisure": frozenset({"park", "garden", "pitch", "golf_course", "nature_reserve"}),
    "landuse": frozenset(
        {"residential", "commercial", "retail", "industrial", "institutional", "education", "religious", "military"}
        | {"railway", "depot", "port", "construction", "brownfield", "cemetery", "grass", "recreation_ground"}
        | {"village_green", "allotments"}
    ),
}
"""Tags of areas that tell who can be there; the first key that does names the class."""
_CLOSED: Final = 4
"""Points of the smallest ring, the first one twice."""


def land_class(tags: Tags) -> str:
    """Use of the land inside an area with these tags, "" where they do not tell."""
    return next((tags[key] for key, known in LAND.items() if tags.get(key) in known), "")


def is_ring(lonlat: F64) -> bool:
    """Whether a line (X, 2) ends where it starts."""
    return len(lonlat) >= _CLOSED and bool((lonlat[0] == lonlat[-1]).all())


def area_of_rings(outer: Sequence[F64], holes: Sequence[F64]) -> tuple[BaseGeometry, bool]:
    """The valid area inside closed rings (X, 2), and whether it had to be made valid as a ring crosses itself."""
    import shapely

    rings = [shapely.Polygon(ring) for ring in (*outer, *holes)]
    repaired = not shapely.is_valid(rings).all()
    valid = shapely.make_valid(rings, method="structure", keep_collapsed=False) if repaired else rings
    inside, out = shapely.union_all(valid[: len(outer)]), shapely.union_all(valid[len(outer) :])
    return shapely.difference(inside, out), repaired


@dataclass(frozen=True, eq=False)
class Land:
    """Areas (L) of known use, valid polygons in WGS-84; they may lie upon each other."""

    kind: tuple[str, ...] = ()
    area: tuple[BaseGeometry, ...] = ()

    def __len__(self) -> int:
        return len(self.kind)

    def of(self, kinds: Sequence[str], plane: Plane) -> tuple[I64, list[BaseGeometry]]:
        """Position in `kinds` and shape (plane metres) of the areas of these kinds, none upon another.

        Where areas lie upon each other the smaller is the more telling: the ground of a school within a quarter.
        """
        import shapely

        at = {name: i for i, name in enumerate(kinds)}
        kept = [i for i, name in enumerate(self.kind) if name in at]
        shapes = shapely.transform(np.array([self.area[i] for i in kept], dtype=object), plane.metres)
        order = np.argsort(shapely.area(shapes), kind="stable")
        kind = np.array([at[self.kind[i]] for i in kept], dtype=np.int64)[order]
        shapes = shapes[order]
        large, small = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        large, small = large[small < large], small[small < large]
        pairs = np.argsort(large, kind="stable")
        owner, first = np.unique(large[pairs], return_index=True)
        apart = list(shapes)
        for i, inner in zip(owner.tolist(), np.split(small[pairs], first[1:]), strict=False):
            apart[i] = shapely.difference(shapes[i], shapely.union_all(shapes[inner]))
        return kind, apart


def shared_m2(areas: Sequence[BaseGeometry], cells: Sequence[BaseGeometry]) -> tuple[I64, I64, F64]:
    """Pairs of an area and a cell (both plane metres) that share ground, and how much [m2], cell by cell."""
    import shapely

    one, other = np.array(areas, dtype=object), np.array(cells, dtype=object)
    cell, area = shapely.STRtree(one).query(other, predicate="intersects")
    order = np.lexsort((area, cell))
    cell, area = cell[order].astype(np.int64), area[order].astype(np.int64)
    m2 = np.asarray(shapely.area(shapely.intersection(one[area], other[cell])), dtype=np.float64)
    return area[m2 > 0], cell[m2 > 0], m2[m2 > 0]
