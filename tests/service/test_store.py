from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'new' / 'jobs.sqlite'}")
    yield store
    store.close()


def test_a_job_goes_from_accepted_over_running_to_its_end(store):
    job = store.add("chargers", "grid", {"budget_cny": 1.0}, "here")
    assert store.get(job).status == "accepted"
    assert store.get(job).started is None
    assert store.start_next("here") == job
    store.progress(job, {"gap": 0.5})
    assert (store.get(job).status, store.get(job).progress) == ("running", {"gap": 0.5})
    store.succeed(job, {"plan": 1})
    row = store.get(job)
    assert row.status == "successful"
    assert row.created <= row.started <= row.finished == row.updated
    assert store.result(job) == {"plan": 1}
    assert store.task(job) == ("chargers", "grid", {"budget_cny": 1.0})


def test_what_has_ended_stays_ended(store):
    job = store.add("chargers", "grid", {}, "here")
    store.start_next("here")
    store.dismiss(job)
    store.succeed(job, {"plan": 1})
    store.fail(job, "late")
    store.progress(job, {"gap": 0.0})
    row = store.get(job)
    assert (row.status, row.progress, store.result(job)) == ("dismissed", None, None)


def test_a_finished_job_that_is_dismissed_forgets_its_result(store):
    job = store.add("chargers", "grid", {}, "here")
    store.start_next("here")
    store.succeed(job, {"plan": 1})
    ended = store.get(job).finished
    store.dismiss(job)
    assert (store.get(job).status, store.result(job), store.get(job).finished) == ("dismissed", None, ended)


def test_waiting_jobs_start_in_their_order_and_each_once(store):
    jobs = [store.add("chargers", "grid", {}, "here") for _ in range(20)]
    store.add("chargers", "grid", {}, "elsewhere")
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: store.start_next("here"), range(40)))
    assert sorted(filter(None, started)) == sorted(jobs)
    fresh = [store.add("chargers", "grid", {}, "here") for _ in range(3)]
    assert [store.start_next("here") for _ in fresh] == fresh


def test_only_the_jobs_of_the_dead_service_fail(store):
    own, other, waiting = (store.add("chargers", "grid", {}, s) for s in ("here", "elsewhere", "here"))
    assert store.start_next("here") == own
    assert store.start_next("elsewhere") == other
    store.fail_running("here", "gone")
    assert [store.get(j).status for j in (own, other, waiting)] == ["failed", "running", "accepted"]
    assert store.get(own).message == "gone"


def test_two_stores_see_one_table(store, tmp_path):
    second = Store(f"sqlite:///{tmp_path / 'new' / 'jobs.sqlite'}")
    job = store.add("chargers", "grid", {}, "here")
    assert second.get(job).status == "accepted"
    assert second.get("no such job") is None
    second.close()
