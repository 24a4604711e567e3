"""What rides cost in a GTFS feed: flat fares of fare_attributes.txt and fare_rules.txt (GTFS-Fares V1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from network.io.gtfs_tables import optional_table, positions, refuse, texts_of
from network.io.gtfs_trips import Routes
from network.io.parameters import Parameters
from network.io.tables import Column
from network.io.transit import Tariff
from network.part import F64, I64, Bools, Text

_S_PER_MIN = 60
_ZONES = ("origin_id", "destination_id", "contains_id")


@dataclass(frozen=True)
class Fares:
    """Tariffs of a feed; `of_route` (R) their ids, "" where none is known, and what the second of two rides saves."""

    of_route: tuple[str, ...]
    tariffs: dict[str, Tariff]
    transfer_off_cny: dict[tuple[str, str], float]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Prices:
    """Fares (F) as written."""

    id: Text
    cny: F64
    local: Bools
    """Whether the price is in the currency of the city."""
    changes: I64
    """Transfers permitted, -1 for any number."""
    lasts_s: F64
    """NaN where transfers do not run out."""
    agency: Text


def read_fares(folder: Path, routes: Routes, name: str, parameters: Parameters) -> Fares:
    """The fares that hold wherever a route is boarded and left, in the currency transit.currency.

    Of several fares for one ride the cheapest is paid, and so for two rides one after the other: one fare that holds on
    both and permits a transfer, or two. Tariffs are named after the feed (`name`) and the fares they are made of.
    Raises InputError naming file and row.
    """
    prices = _read_prices(folder, parameters)
    if prices is None:
        return Fares(("",) * len(routes.id), {}, {}, tuple(_second_version(folder)))
    holds, zoned = _holds(folder, routes, prices)
    holds[:, ~prices.local] = False
    groups, group = np.unique(holds, axis=0, return_inverse=True)
    ids = [f"{name}:{'+'.join(prices.id[row].tolist())}" if row.any() else "" for row in groups]
    single = np.where(groups, prices.cny, np.inf).min(axis=1, initial=np.inf)
    pairs = [(a, b) for a in range(len(ids)) for b in range(len(ids)) if ids[a] and ids[b]]
    both = np.where(prices.changes != 0, prices.cny, np.inf)
    off = {
        (a, b): single[a] + single[b] - np.where(groups[a] & groups[b], both, np.inf).min(initial=np.inf)
        for a, b in pairs
    }
    used = np.asarray(groups.any(axis=0))
    return Fares(
        of_route=tuple(ids[g] for g in group.ravel().tolist()),
        tariffs={i: Tariff(cny=(float(cny),)) for i, cny in zip(ids, single, strict=True) if i},
        transfer_off_cny={(ids[a], ids[b]): float(cny) for (a, b), cny in off.items() if cny > 0},
        notes=tuple(_notes(prices, used, zoned, parameters)),
    )


def _read_prices(folder: Path, parameters: Parameters) -> _Prices | None:
    columns = {"fare_id": Column(unique=True), "price": Column(number=True, low=0), "currency_type": Column()}
    columns |= {"transfers": Column(required=False), "agency_id": Column(required=False)}
    columns |= {"transfer_duration": Column(number=True, low=0, required=False, blank=True)}
    table = optional_table(folder / "fare_attributes.txt", columns)
    if table is None:
        return None
    changes = texts_of(table, "transfers")
    wrong = np.array([bool(text) and not text.isdecimal() for text in changes.tolist()])
    refuse(table, wrong, "permits no whole number of transfers", "write 0, 1, 2 or nothing for any number")
    timed = "transfer_duration" in table
    return _Prices(
        id=table.texts("fare_id"),
        cny=table.numbers("price"),
        local=np.asarray(table.texts("currency_type") == parameters.value("transit.currency")),
        changes=np.array([int(text or -1) for text in changes.tolist()]),
        lasts_s=table.numbers("transfer_duration") if timed else np.full(len(table), np.nan),
        agency=texts_of(table, "agency_id"),
    )


def _holds(folder: Path, routes: Routes, prices: _Prices) -> tuple[Bools, Bools]:
    """(R, F) whether a fare holds on a route, and (F) whether rules by zones, which are left out, go with it.

    A fare without rules holds everywhere, one of an agency on its routes only.
    """
    optional = ("route_id", *_ZONES)
    columns = {"fare_id": Column()} | dict.fromkeys(optional, Column(required=False))
    table = optional_table(folder / "fare_rules.txt", columns)
    holds = np.zeros((len(routes.id), len(prices.id)), np.bool_)
    free = np.ones(len(prices.id), np.bool_)
    zoned = np.zeros(len(prices.id), np.bool_)
    if table is not None:
        fare = positions(table, "fare_id", prices.id, "fare_attributes.txt")
        any_route = texts_of(table, "route_id") == ""
        route = np.full(len(table), -1)
        if not any_route.all():
            route = positions(table, "route_id", np.append(routes.id, ""), "routes.txt")
        by_zone = np.any([texts_of(table, column) != "" for column in _ZONES], axis=0)
        free[fare] = False
        zoned[fare[by_zone]] = True
        free[fare[any_route & ~by_zone]] = True
        flat = ~any_route & ~by_zone
        holds[route[flat], fare[flat]] = True
    mine = (prices.agency == "") | (routes.agency[:, None] == "") | (routes.agency[:, None] == prices.agency)
    out: Bools = (holds | free) & mine
    return out, zoned


def _notes(prices: _Prices, used: Bools, zoned: Bools, parameters: Parameters) -> Iterable[str]:
    stands = "the tariffs of the modes stand for them"
    longest_s = parameters.number("transit.longest_min") * _S_PER_MIN
    texts = (
        (~prices.local, f"{{}} fares are not in {parameters.value('transit.currency')} and are left out: {stands}"),
        (prices.local & zoned, f"{{}} fares have rules by fare zones, which are left out: {stands}"),
        (used & (prices.changes > 0), "{} fares permit a number of transfers; more than that are taken as permitted"),
        (
            used & (prices.changes != 0) & (prices.lasts_s < longest_s),
            "{} fares permit transfers for a time; later ones are taken as permitted",
        ),
    )
    return [text.format(f"{which.sum():,}") for which, text in texts if which.any()]


def _second_version(folder: Path) -> list[str]:
    table = optional_table(folder / "fare_products.txt", {"fare_product_id": Column()})
    if table is None:
        return []
    count = len(np.unique(table.texts("fare_product_id")))
    return [f"{count:,} fares of GTFS-Fares V2 are left out: the tariffs of the modes stand for them"]
