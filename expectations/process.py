"""Great Expectations in a process of its own, on another core: its import takes seconds and a validation keeps Python busy.

Belongs here: starting that process, asking it, its end.
Does not belong here: what a validation is (runner.py), who asks (dagster_project/checks.py).

The process is a plain child that is talked to through a socket, and ends as soon as the socket closes,
whatever it is doing, also when its parent was killed. (A pool of Python's own would run the parent's main module again, and its
workers outlive a killed parent.)
"""

from __future__ import annotations

import os
import pickle
import select
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expectations.report import ValidationReport

# Frames that wait are kept in memory.
MOST_WAITING = 2


class ValidationError(Exception):
    """A validation could not be run: the suite is broken, the disk is full, or the process was killed."""


class ValidationProcess:
    """A child that has Great Expectations loaded and validates one frame after the other."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # the parent's answers are read by programs
                # -P: not what lies in the folder where a command was started. Ctrl-C is for the parent; the child ends with it.
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())
        self._room = BoundedSemaphore(MOST_WAITING)
        # One thread that writes a question and reads its answer: neither side can wait for the other's.
        self._asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="validations")

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._child.poll() is None

    def submit(
        self, frame: Any, make_suite: Callable[[], Any], **asked: Any
    ) -> Future[ValidationReport]:
        """Have `runner.validate(frame, make_suite(), **asked)` run there; waits while too many do.

        make_suite: something that can be pickled. The result raises ValidationError.
        """
        self._room.acquire()
        return self._asking.submit(self._ask, (frame, make_suite, asked))

    def _ask(self, question: tuple) -> ValidationReport:
        try:
            self._connection.send(question)
            is_report, answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise ValidationError(
                "the process that validates data has ended (out of memory?); run it again"
            ) from error
        finally:
            self._room.release()
        if not is_report:
            raise ValidationError(answer)
        return answer


_process: ValidationProcess | None = None


def validation_process() -> ValidationProcess:
    """The process's one child, started if need be. Called early, it is ready when the first frame is."""
    global _process
    if _process is None or not _process.is_alive:
        _process = ValidationProcess()
    return _process


def _end_with_the_parent(connection: Connection) -> None:
    """Wait until the other end is gone, then end: nobody is left to hear an answer, and an import would keep a core busy."""
    gone = select.poll()
    gone.register(connection.fileno(), 0)  # a hang-up is told unasked
    gone.poll()
    os._exit(0)


def _serve(connection: Connection) -> None:
    Thread(target=_end_with_the_parent, args=[connection], daemon=True).start()
    from expectations.engine import load_gx

    load_gx()
    from expectations.runner import validate

    while True:
        try:
            question = connection.recv_bytes()
        except EOFError:
            return
        try:
            frame, make_suite, asked = pickle.loads(question)
            del question  # the rows once more
            answer = pickle.dumps((True, validate(frame, make_suite(), **asked)))
        except Exception:  # nothing is lost: the parent raises it as ValidationError
            answer = pickle.dumps((False, traceback.format_exc()))
        connection.send_bytes(answer)


if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])))
