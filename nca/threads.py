"""How the threads of torch wait for each other."""

import os

__all__ = ["wait_asleep"]


def wait_asleep() -> None:
    """Let threads that wait for each other sleep, as long as the user has not chosen OpenMP's OMP_WAIT_POLICY.

    By default they spin, and beside another program a thread spins for one that has no processor: on two of them, a
    training took twelve times as long while the page of `--live` was drawn by the same two, and 1.2 times asleep
    (benchmarks/live.py). Alone, both take as long.

    OpenMP reads it once, when torch is imported, so call this before.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
