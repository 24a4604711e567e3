from __future__ import annotations

import os
import signal
import time

import pytest

from network import InputError, UnknownId
from service.jobs import PROCESSES, JobFailed, Jobs, ResultGone, ResultNotReady, require_free, run
from service.store import Store

REQUEST = {"budget_cny": 500_000.0}


@pytest.fixture
def store(settings):
    store = Store(settings.database)
    yield store
    store.close()


@pytest.fixture
def jobs(settings, store):
    jobs = Jobs(settings, store)
    jobs.start()
    yield jobs
    jobs.close()


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_no_more_jobs_run_than_may_and_the_rest_wait(jobs):
    first, second = (jobs.submit("chargers", "grid", REQUEST) for _ in range(2))
    until(lambda: jobs.status(first).status == "running")
    assert jobs.status(second).status == "accepted"
    assert jobs.status(second).solver_progress.elapsed_s is None
    with pytest.raises(ResultNotReady):
        jobs.result(second)
    jobs.dismiss(first)
    until(lambda: jobs.status(second).status != "accepted")
    jobs.dismiss(second)


def test_dismissing_kills_the_process(jobs):
    job = jobs.submit("chargers", "grid", REQUEST)
    until(lambda: job in jobs._running)
    pid = jobs._running[job].pid
    assert jobs.dismiss(job).status == "dismissed"
    until(lambda: not jobs._running)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert jobs.status(job).status == "dismissed"
    with pytest.raises(ResultGone):
        jobs.result(job)


def test_a_waiting_job_that_is_dismissed_never_starts(jobs):
    first, second = (jobs.submit("chargers", "grid", REQUEST) for _ in range(2))
    jobs.dismiss(second)
    jobs.dismiss(first)
    until(lambda: not jobs._running)
    assert jobs.status(second).started is None
    assert jobs.status(second).status == "dismissed"


def test_a_job_whose_process_died_has_failed_and_the_next_one_runs(jobs):
    first, second = (jobs.submit("chargers", "grid", REQUEST) for _ in range(2))
    until(lambda: first in jobs._running)
    jobs._running[first].kill()
    until(lambda: jobs.status(first).status == "failed")
    assert "exit code -9" in jobs.status(first).message
    with pytest.raises(JobFailed, match="ask again"):
        jobs.result(first)
    until(lambda: jobs.status(second).status == "running")
    jobs.dismiss(second)


def test_a_task_nobody_knows_is_a_defect_that_reaches_the_table(jobs, capfd):
    job = jobs.submit("magic", "grid", REQUEST)
    until(lambda: jobs.status(job).status == "failed")
    assert "unexpected" in jobs.status(job).message
    until(lambda: not jobs._running)
    assert "KeyError" in capfd.readouterr().err


def test_a_city_that_is_gone_is_named(jobs):
    job = jobs.submit("chargers", "atlantis", REQUEST)
    until(lambda: jobs.status(job).status == "failed")
    with pytest.raises(UnknownId, match="atlantis"):
        jobs.result(job)


def test_what_a_dead_service_left_running_has_failed_and_what_waited_goes_on(settings, store):
    dead = Jobs(settings, store)
    left = store.add("chargers", "grid", REQUEST, dead._name)
    waiting = store.add("chargers", "atlantis", REQUEST, dead._name)
    assert store.start_next(dead._name) == left
    jobs = Jobs(settings, store)
    jobs.start()
    assert jobs.status(left).status == "failed"
    assert "ask again" in jobs.status(left).message
    until(lambda: jobs.status(waiting).status == "failed")
    jobs.close()


def test_closing_ends_the_processes_and_fails_their_jobs(settings, store):
    jobs = Jobs(settings, store)
    jobs.start()
    job = jobs.submit("chargers", "grid", REQUEST)
    until(lambda: job in jobs._running)
    pid = jobs._running[job].pid
    jobs.close()
    assert store.get(job).status == "failed"
    assert "service was stopped" in store.get(job).message
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_ctrl_c_in_the_terminal_of_the_service_is_left_to_the_service(settings, store, monkeypatch):
    job = store.add("chargers", "grid", REQUEST, "me")
    store.start_next("me")
    monkeypatch.setitem(PROCESSES, "chargers", lambda *_: signal.raise_signal(signal.SIGINT) or {"done": True})
    before = signal.getsignal(signal.SIGINT)
    try:
        run(settings, job)
    finally:
        signal.signal(signal.SIGINT, before)
    assert store.result(job) == {"done": True}


def test_one_home_has_one_service(jobs, settings, store):
    with pytest.raises(InputError, match="LUXING_HOME"):
        Jobs(settings, store).start()
    with pytest.raises(InputError, match="another luxing serve"):
        require_free(settings)


def test_an_unknown_job_is_named(jobs):
    for ask in (jobs.status, jobs.result, jobs.dismiss):
        with pytest.raises(UnknownId, match="'7'"):
            ask("7")
