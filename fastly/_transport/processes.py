"""What tells a process from those that it was forked from."""

from __future__ import annotations

import os

__all__ = ["this_process"]

_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(after_in_child=_count_fork)


def this_process() -> tuple[int, int]:
    """Return what tells this process from those that it was forked from.

    The number alone does not: the first process of a container has the number 1 in its parent's
    and in its own namespace. The count alone does not either: a program such as uWSGI forks in C,
    where Python's hooks do not run.
    """
    return os.getpid(), _forks
