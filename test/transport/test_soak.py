"""The short form of the soak: all rules of the long one, with a few hundred calls."""

from __future__ import annotations

from soak import Figures, Soak


def test_a_few_hundred_calls_keep_every_rule() -> None:
    """Under every fault, calls end in time with the right object or a documented exception."""
    figures = Soak(calls=300, threads=16, seed=7, seconds=60).run()
    assert [] == figures.broken(), figures.table()
    assert figures.outcomes["right"] > 100
    assert len(figures.faults) > 30


def test_the_soak_ends_with_its_seconds() -> None:
    """After the soak's time is over, no call is started."""
    figures = Soak(calls=1000, threads=8, seed=1, seconds=0.3).run()
    assert figures.calls < 1000


def test_each_rule_can_break() -> None:
    """The figures name each rule that was broken."""
    figures = Figures(
        threads_left=1,
        sockets_left=2,
        memory=[0, 0, 0, 5000],
        elsewhere=3,
        violations=["a call took too long"],
    )
    assert 5 == len(figures.broken())
