"""A signal is a request to stop; a batch is split evenly."""

import signal
import subprocess
import sys
import textwrap
import threading

import pytest
import torch

from ecgan.errors import UsageError
from ecgan.training.distributed import World, share_of_batch, stop_on_signals


def in_fresh_process(script: str, *arguments: str) -> None:
    """Signals are sent to a process of their own: libraries that other tests have loaded into this
    one (ONNX Runtime, OpenVINO) take part in them."""
    begin = "import os, signal, sys\nfrom ecgan.training.distributed import stop_on_signals\n"
    command = [sys.executable, "-c", begin + textwrap.dedent(script), *arguments]
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_becomes_a_request(number: signal.Signals) -> None:
    in_fresh_process(
        """
        number = signal.Signals(int(sys.argv[1]))
        before = signal.getsignal(number)
        with stop_on_signals() as stop:
            assert not stop
            os.kill(os.getpid(), number)
            assert stop
            assert stop.signal_name == number.name
        assert signal.getsignal(number) is before
        """,
        str(int(number)),
    )


def test_a_second_ctrl_c_interrupts_at_once() -> None:
    in_fresh_process(
        """
        with stop_on_signals() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop
            try:
                os.kill(os.getpid(), signal.SIGINT)
                signal.pause()
            except KeyboardInterrupt:
                sys.exit(0)
        sys.exit("it went on")
        """
    )


def test_outside_the_main_thread_nothing_is_caught() -> None:
    seen = []

    def work() -> None:
        with stop_on_signals() as stop:
            seen.append(bool(stop))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_a_batch_that_cannot_be_split_is_refused() -> None:
    assert share_of_batch(4, World(1, 2, torch.device("cpu"))) == 2
    with pytest.raises(UsageError, match="multiple of 2"):
        share_of_batch(3, World(1, 2, torch.device("cpu")))
