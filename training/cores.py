"""How many cores there are to work with, and how they are kept from waiting for each other."""

import os

from threadpoolctl import threadpool_limits


def cores() -> int:
    """Cores that this process may use; a container's or ``taskset``'s limit counts."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_core_for_algebra() -> threadpool_limits:
    """A context in which BLAS stays on the core that calls it.

    Its own threads spin while they wait, which costs many times what they save where the cores have other work.
    """
    return threadpool_limits(1, "blas")
