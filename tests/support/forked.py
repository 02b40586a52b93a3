"""Processes that are forked from one that has imported torch: each starts at once, not after three seconds."""

import multiprocessing

__all__ = ["PROCESSES"]

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["nca.cli.train", "nca.api.start", "nca.compiled.autograd"])
