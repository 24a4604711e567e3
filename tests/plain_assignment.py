"""User equilibrium the slow and readable way: Frank-Wolfe (1956, doi:10.1002/nav.3800030109) over networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np


def cost(free, capacity, b, power, flow):
    return free * (1 + b * (flow / capacity) ** power)


def objective(free, capacity, b, power, flow):
    return (free * flow * (1 + b * (flow / capacity) ** power / (power + 1))).sum()


def all_or_nothing(tail, head, price, demand, first_thru_node):
    """Flow (L) with every trip on a cheapest way, and the cost of one (Z, Z); zones before the node are not driven
    through. Of parallel links the first of the cheapest is used."""
    flow, least = np.zeros(len(tail)), np.zeros(demand.shape)
    for origin in range(len(demand)):
        graph = nx.DiGraph()
        graph.add_node(origin)
        for link, (a, z) in enumerate(zip(tail.tolist(), head.tolist(), strict=True)):
            through = a >= first_thru_node or a == origin
            if through and not (graph.has_edge(a, z) and graph[a][z]["weight"] <= price[link]):
                graph.add_edge(a, z, weight=float(price[link]), link=link)
        length, path = nx.single_source_dijkstra(graph, origin)
        for goal in range(len(demand)):
            least[origin, goal] = length.get(goal, np.inf)
            if goal != origin and demand[origin, goal] > 0:
                for a, z in zip(path[goal], path[goal][1:], strict=False):
                    flow[graph[a][z]["link"]] += demand[origin, goal]
    return flow, least


def frank_wolfe(tail, head, curve, demand, first_thru_node, rounds):
    """Flow (L) and relative gap; `curve` is (free, capacity, b, power), each (L)."""
    flow, _ = all_or_nothing(tail, head, cost(*curve, np.zeros(len(tail))), demand, first_thru_node)
    for _ in range(rounds):
        target, _ = all_or_nothing(tail, head, cost(*curve, flow), demand, first_thru_node)
        low, high = 0.0, 1.0
        for _ in range(60):
            step = (low + high) / 2
            rising = cost(*curve, flow + step * (target - flow)) @ (target - flow) > 0
            low, high = (low, step) if rising else (step, high)
        flow = flow + low * (target - flow)
    return flow, relative_gap(tail, head, curve, demand, first_thru_node, flow)


def relative_gap(tail, head, curve, demand, first_thru_node, flow):
    price = cost(*curve, flow)
    target, _ = all_or_nothing(tail, head, price, demand, first_thru_node)
    return (price @ flow - price @ target) / (price @ flow)
