"""Files with figures of every zone: a table, or the zones' outlines for a map."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from network import City
from service.spots import positions
from service.street_schemas import AccessAnswer


def _records(answer: AccessAnswer) -> list[dict[str, str | float]]:
    """What is told of each zone."""
    names = [f"{kind}_{x:g}min" for kind in ("within", "difference") for x in answer.minutes]
    return [
        {"zone": zone.id, "residents": zone.residents, **dict(zip(names, zone.within + zone.difference, strict=True))}
        for zone in answer.zones
    ]


def _csv(answer: AccessAnswer, _: City) -> str:
    records, text = _records(answer), io.StringIO()
    table = csv.DictWriter(text, records[0], lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    return text.getvalue()


def _geojson(answer: AccessAnswer, city: City) -> str:
    """GeoJSON (RFC 7946): the outlines of the zones, or a point where a zone has none."""
    rings = np.split(city.zones.ring_lonlat, city.zones.ring_first[1:-1])
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [positions(ring)]}
            if len(ring)
            else {"type": "Point", "coordinates": positions(point[None])[0]},
            "properties": record,
        }
        for record, ring, point in zip(_records(answer), rings, city.zones.lonlat, strict=True)
    ]
    document = {"type": "FeatureCollection", "attribution": answer.attribution, "features": features}
    return json.dumps(document, ensure_ascii=False) + "\n"


ZONE_FILES: Final[Mapping[str, Callable[[AccessAnswer, City], str]]] = {".csv": _csv, ".geojson": _geojson}
