"""The threads in which answers are computed that are not in the table: few, so that their memory is bounded.

A call that waits for a thread holds its request alone; if its client leaves meanwhile, it is not begun. Loading a newer
snapshot has a thread of its own, so that no number of such calls delays it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

COMPUTED_AT_ONCE = 2
"""NumPy leaves the interpreter to one thread at a time for much of it, so more would not be faster."""

_threads = ThreadPoolExecutor(COMPUTED_AT_ONCE, thread_name_prefix="computing")


async def compute_in_thread(
    function: Callable[Parameters, Result], *arguments: Parameters.args, **keywords: Parameters.kwargs
) -> Result:
    """Run a function in one of the threads."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: function(*arguments, **keywords))
