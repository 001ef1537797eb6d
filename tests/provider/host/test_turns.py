"""The lock around a host's files: first come, first served; once for whoever has it already."""

from __future__ import annotations

import threading
import time

from provider.host.turns import Turns


def _queue(turns: Turns, names: str, work) -> list[threading.Thread]:
    """A thread for each name, that waits behind those before it."""
    threads = []
    for number, name in enumerate(names):
        threads.append(threading.Thread(target=work, args=(name,)))
        threads[-1].start()
        while len(turns.waiting) <= number:
            time.sleep(0.001)
    return threads


def test_threads_get_it_in_the_order_in_which_they_ask():
    turns, had = Turns(), []

    def work(name: str) -> None:
        with turns:
            had.append(name)
        with turns:
            had.append(name.upper())

    with turns:
        threads = _queue(turns, "abc", work)
    for thread in threads:
        thread.join()
    assert had[:3] == ["a", "b", "c"]
    assert sorted(had) == sorted("abcABC")


def test_who_has_it_may_take_it_again_and_keeps_it_until_it_has_given_it_back_as_often():
    turns, had = Turns(), []

    def work(name: str) -> None:
        with turns:
            had.append(name)

    with turns:
        with turns:
            threads = _queue(turns, "b", work)
        time.sleep(0.01)
        had.append("a")
    threads[0].join()
    assert had == ["a", "b"]


def test_it_knows_when_its_holder_asked_not_when_it_came_to_its_turn():
    turns, asked = Turns(), []

    def work(_name: str) -> None:
        with turns:
            asked.append(turns.asked)

    with turns:
        threads = _queue(turns, "a", work)
        waited = time.monotonic()
    threads[0].join()
    assert asked[0] < waited


def test_one_that_fails_gives_it_back():
    turns = Turns()
    try:
        with turns:
            raise ValueError
    except ValueError:
        pass
    thread = threading.Thread(target=turns.__enter__)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
