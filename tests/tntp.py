"""Published assignment networks (TNTP files) as streets.

The format: https://github.com/bstabler/TransportationNetworks. Positions are the files' numbers less one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from network import Roads, Snap
from network.hierarchy import hierarchy_of
from network.travel.congestion import Links
from network.units import CLOSED, DRIVE, NETWORK_MODES

MS_PER_UNIT = 10_000_000
"""A unit of published time (minute or 0.01 h) in the milliseconds of `Roads`: the rounding counts for little, and the
longest way here stays below the 2**30 ms that a matrix can hold."""


@dataclass(frozen=True)
class Network:
    """Directed links (L) between nodes (N), of which the first Z are zones."""

    zones: int
    nodes: int
    first_through: int
    """Zones before this position may not be driven through."""
    tail: np.ndarray
    head: np.ndarray
    capacity: np.ndarray
    length: np.ndarray
    free_flow: np.ndarray
    b: np.ndarray
    power: np.ndarray

    def cost(self, volume):
        """(L) time of a link at a flow (L)."""
        return self.free_flow * (1 + self.b * (volume / self.capacity) ** self.power)

    def cost_of_crowding(self, volume):
        """(L) integral of s d(cost)/ds from 0 to the flow: flow × cost less the integral of the cost."""
        crowding = self.free_flow * self.b * (volume / self.capacity) ** self.power
        return crowding * volume * self.power / (self.power + 1)


def read_network(path):
    meta, body = _parts(path)
    rows = [line.split()[:7] for line in body.replace(";", " ").splitlines() if line.strip() and line.strip()[0] != "~"]
    assert len(rows) == int(meta["NUMBER OF LINKS"])
    tail, head, *numbers = np.array(rows, float).T
    return Network(
        int(meta["NUMBER OF ZONES"]),
        int(meta["NUMBER OF NODES"]),
        int(meta["FIRST THRU NODE"]) - 1,
        tail.astype(int) - 1,
        head.astype(int) - 1,
        *numbers,
    )


def read_trips(path):
    """(Z, Z) trips from zone to zone."""
    meta, body = _parts(path)
    trips = np.zeros((int(meta["NUMBER OF ZONES"]),) * 2)
    for block in body.split("Origin")[1:]:
        origin, cells = block.split(maxsplit=1)
        for zone, count in re.findall(r"(\d+)\s*:\s*([\d.]+)", cells):
            trips[int(origin) - 1, int(zone) - 1] = float(count)
    assert np.isclose(trips.sum(), float(meta["TOTAL OD FLOW"]), rtol=1e-12)
    return trips


def read_flow(path, network):
    """Published flow and cost (L) of each link of the network."""
    tail, head, volume, cost = np.loadtxt(path, skiprows=1).T
    assert np.array_equal(tail, network.tail + 1) and np.array_equal(head, network.head + 1)
    return volume, cost


def _parts(path):
    meta, body = path.read_text(encoding="utf-8").split("<END OF METADATA>")
    return dict(re.findall(r"<(.+?)>\s*(\S*)", meta)), body


def whole_ms(cost):
    return np.rint(np.asarray(cost) * MS_PER_UNIT).astype(np.int64)


def roads_of(network, time_ms):
    """The streets of a network: segment l is link l, open one way; the last Z segments are the zones.

    At a zone the links arrive at one node and leave from another; the turn between them is open where the zone may be
    driven through. A zone is a street without length at this crossing, out at the second node and in at the first.
    """
    zones, links = network.zones, len(network.tail)
    arrive, leave = np.arange(network.nodes), np.arange(network.nodes)
    leave[:zones] += network.nodes
    crossing = np.append(arrive, arrive[:zones])
    # The publishers draw few of the networks: any places do, as long as the nodes of one crossing share theirs.
    lonlat = np.column_stack((crossing % 20, crossing // 20)) / 1000
    tail = np.concatenate((leave[network.tail], leave[:zones], arrive[network.head], arrive[:zones], arrive[:zones]))
    head = np.concatenate((arrive[network.head], leave[:zones], leave[network.tail], arrive[:zones], leave[:zones]))
    order = np.argsort(tail, kind="stable")
    place = np.argsort(order)
    first = np.searchsorted(tail[order], np.arange(len(lonlat) + 1)).astype(np.int32)
    head = head[order].astype(np.int32)
    segments = links + zones
    edges = place[: 2 * segments].reshape(2, segments).T.astype(np.int32)
    time = np.full((len(NETWORK_MODES), len(head)), CLOSED, np.int32)
    time[DRIVE, edges[links:]] = 0
    time[DRIVE, place[2 * segments :]] = np.where(np.arange(zones) < network.first_through, CLOSED, 0)
    roads = Roads(
        lonlat=lonlat,
        first=first,
        head=head,
        time_ms=time,
        delay_ms=np.zeros_like(time),
        edges=edges,
        length_m=np.append(np.rint(network.length * 1000) / 1000, np.zeros(zones)),
        way=np.zeros(segments, np.int32),
        shape_first=np.arange(0, 2 * segments + 1, 2, dtype=np.int32),
        shape_lonlat=lonlat[np.column_stack((tail, head[place]))[:segments].ravel()],
        way_id=np.array(["way/0"]),
        way_name=np.array([""]),
        way_class=np.array(["primary"]),
        beside=np.ones(segments, np.bool_),
        barrier_first=np.zeros(1, np.int32),
        barrier_lonlat=np.zeros((0, 2)),
        snap_detour_m=np.array(0.0),
        hierarchy=hierarchy_of(lonlat, first, head),
    )
    return with_times(roads, time_ms)


def with_times(roads, time_ms):
    """The same streets with other times (L) of their links, -1 where closed."""
    time = roads.time_ms.copy()
    time[DRIVE, roads.edges[: len(time_ms), 0]] = time_ms
    return replace(roads, time_ms=time)


def with_ways_through(roads):
    """The same streets, wrongly, with every zone open to through traffic."""
    time = roads.time_ms.copy()
    time[DRIVE, roads.segment < 0] = 0
    return replace(roads, time_ms=time)


def zones_of(network):
    """The zones as points on the streets."""
    shape = (len(NETWORK_MODES), network.zones)
    segment = np.broadcast_to(len(network.tail) + np.arange(network.zones, dtype=np.int32), shape)
    return Snap(segment=segment.copy(), along=np.zeros(shape), off_m=np.zeros(shape))


def links_of(network):
    """The network as links for `network.travel.congestion`; its unit of time stands for a second."""
    return Links(
        nodes=network.nodes,
        zones=network.zones,
        first_thru_node=network.first_through,
        tail=network.tail,
        head=network.head,
        free_s=network.free_flow,
        capacity=network.capacity,
        b=network.b,
        power=network.power,
    )
