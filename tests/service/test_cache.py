from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.cache import Cache


def test_what_many_threads_ask_for_at_once_is_computed_once():
    cache, calls, go = Cache(4), [], threading.Event()

    def make():
        calls.append(1)
        time.sleep(0.05)
        return 7

    def ask(_):
        go.wait()
        return cache.get("key", make)

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(ask, i) for i in range(8)]
        go.set()
        assert [a.result() for a in answers] == [7] * 8
    assert len(calls) == 1


def test_the_one_used_longest_ago_goes_first():
    cache, made = Cache(2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        cache.get(key, lambda key=key: made.append(key))
    assert made == ["a", "b", "c", "b"]


def test_errors_are_not_kept():
    cache = Cache(2)
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 / 0)
    assert cache.get("key", lambda: 3) == 3


def test_nothing_is_kept_where_none_may_be():
    cache, made = Cache(0), []
    for _ in range(2):
        cache.get("key", lambda: made.append(1))
    assert len(made) == 2
