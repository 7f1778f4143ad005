"""Work done ahead on threads, handed over in order."""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor


def default_threads():
    """Half of the cores that this process may use, the rest being torch's, and at most 4: more wait for the interpreter."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, max(1, cores // 2))


def ordered_map(function, items, num_threads, *, ahead=2):
    """Yield ``function(item)`` in the order of ``items``, computed by ``num_threads`` threads.

    At most num_threads + ahead results are under way or waiting. 0 threads: on the caller's thread, nothing ahead. An exception
    of ``function`` is raised where its result would have been yielded. Closing the generator (leaving a for loop does)
    drops what was not started, waits for what was, and leaves no thread behind.
    """
    if num_threads == 0:
        yield from map(function, items)
        return
    executor = ThreadPoolExecutor(num_threads, thread_name_prefix="graphsage")
    waiting = deque()
    try:
        for item in items:
            waiting.append(executor.submit(function, item))
            if len(waiting) >= num_threads + ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
