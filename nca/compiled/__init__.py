"""The steps compiled for the CPU by Numba: autograd (threads and gradients), loops and kernels (cells), matmul."""
