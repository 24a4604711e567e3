"""Stop rules."""

import math

import pytest

from network import InputError
from optimise import Cancel, Gap, Seconds, Stop, Work


def test_rules_combine_to_whichever_comes_first():
    stop = Seconds(10) | Gap(0.01) | Work(5) | Seconds(3)
    assert (stop.seconds, stop.gap, stop.work) == (3, 0.01, 5)
    assert stop.to_dict() == {"gap": 0.01, "seconds": 3, "work": 5}
    assert Stop().to_dict() == {"gap": 0.0}


def test_cancel_survives_combining():
    wish = []
    run = (Seconds(100) | Cancel(lambda: bool(wish)) | Cancel(lambda: False)).start()
    assert not run.over()
    wish.append(True)
    assert run.over()


def test_work_and_seconds_run_out():
    run = Work(2).start()
    run.spend(1.5)
    assert not run.over()
    assert run.work_left == 0.5
    run.spend(0.5)
    assert run.over()
    assert Seconds(0).start().over()
    assert not Stop().start().over()
    assert Stop().start().seconds_left == math.inf


@pytest.mark.parametrize("wrong", [-1, math.nan])
@pytest.mark.parametrize("rule", [Seconds, Gap, Work])
def test_senseless_limits_are_refused(rule, wrong):
    with pytest.raises(InputError, match="stop"):
        rule(wrong)
