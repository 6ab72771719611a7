"""How many cores there are to work with."""

import os


def cores() -> int:
    """Cores that this process may use; a container's or ``taskset``'s limit counts."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
