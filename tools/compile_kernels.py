"""Compiles what Numba compiles for the tests, once for all of their processes: `python tools/compile_kernels.py`.

Without this, each process of a fresh checkout's first test run compiles the same functions at the same time.
"""

from importlib.util import find_spec

import torch

from nca.model.automaton import Automaton
from nca.rule.rule import CHANNELS

DTYPES = (torch.float32, torch.bfloat16)  # of the products in backward


def main() -> None:
    for channels in CHANNELS if find_spec("numba") else ():
        automaton = Automaton(channels, hidden=8)
        for dtype in DTYPES:
            state = torch.zeros(1, 8, 8, channels, requires_grad=True)
            automaton(state, 1, seed=0, matmul_dtype=dtype).sum().backward()


if __name__ == "__main__":
    main()
