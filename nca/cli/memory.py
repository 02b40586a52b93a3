"""Whether an error says that memory ran out."""

__all__ = ["lacks_memory"]

TOLD = ("can't allocate memory", "not enough memory", "out of memory")  # by torch: of Linux, Windows, and GPUs


def lacks_memory(error: Exception) -> bool:
    """Python has an exception for it; torch on a CPU says it in the text of a RuntimeError."""
    return isinstance(error, MemoryError) or any(each in str(error) for each in TOLD)
