"""Ctrl-C and SIGTERM: the first is noted, the second raised, and what others handle is left to them."""

import signal
import threading

import pytest

from graphsage.base.interrupt import noted_interrupt, raised_sigterm

BOTH = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def handlers():
    """Those of a program that handles nothing, before and after; a function that tells them."""

    def now():
        return [signal.getsignal(number) for number in BOTH]

    before, usual = now(), [signal.default_int_handler, signal.SIG_DFL]
    for number, handler in zip(BOTH, usual):
        signal.signal(number, handler)
    yield now
    assert now() == usual
    for number, handler in zip(BOTH, before):
        signal.signal(number, handler)


def send(number):
    assert signal.getsignal(number) is not signal.SIG_DFL  # it would end the tests
    signal.raise_signal(number)


@pytest.mark.parametrize("second", BOTH)
@pytest.mark.parametrize("first", BOTH)
def test_the_first_is_noted_and_the_second_raised(first, second, capfd):
    with noted_interrupt("ending\n") as interrupt:
        assert not interrupt.came
        send(first)
        assert interrupt.came and capfd.readouterr().err == "\nending\n"
        with pytest.raises(KeyboardInterrupt):
            send(second)


def test_sigterm_is_heard_where_ctrl_c_is_ignored(handlers):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with noted_interrupt() as interrupt:
        send(signal.SIGINT)
        assert not interrupt.came
        send(signal.SIGTERM)
        assert interrupt.came
        send(signal.SIGINT)  # still ignored
    assert handlers() == [signal.SIG_IGN, signal.SIG_DFL]
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("number", BOTH)
def test_what_others_handle_is_theirs(number):
    heard, usual = [], signal.getsignal(number)
    signal.signal(number, lambda *given: heard.append(given[0]))
    with noted_interrupt() as interrupt, raised_sigterm():
        send(number)
        assert heard == [number] and not interrupt.came
    signal.signal(number, usual)


def test_in_another_thread_nothing_is_handled(handlers):
    seen = []

    def inside():
        with noted_interrupt() as interrupt, raised_sigterm():
            seen.append((interrupt.came, handlers()))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [(False, [signal.default_int_handler, signal.SIG_DFL])]


def test_sigterm_is_raised_around_what_notes_it():
    with raised_sigterm():
        with noted_interrupt() as interrupt:
            send(signal.SIGTERM)
        assert interrupt.came
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGTERM)
