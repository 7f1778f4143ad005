"""How the processes that a launcher started find each other, also when it starts them again."""

import json
import os
import time
from datetime import timedelta

SECONDS = 120  # within which all must be there; torchrun starts them anew after that
PAUSE = 0.02  # seconds between two looks at the others


def meet():
    """``torch.distributed.init_process_group("gloo")`` for processes of torchrun, which may have been started before.

    ValueError or RuntimeError (of torch) where the launcher said nothing; these or TimeoutError where not all come in time.
    """
    import torch.distributed as dist

    within = timedelta(seconds=SECONDS)
    store, rank, size = next(dist.rendezvous("env://", timeout=within))
    store = dist.PrefixStore(name_of_start(store, rank, size), store)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=within)


def name_of_start(store, rank, size, seconds=SECONDS):
    """A name that all processes of this start have, and none of another start has; TimeoutError without all of them.

    The store of torchrun outlives a start, and has the addresses of those that died, which a group of the next start would
    call. So each process writes a word of its own over what was there. The first one answers with all the words until each
    has found its own among them: then it is an answer to this start, whose name is the first one's word.
    """
    word, end = os.urandom(8).hex(), time.monotonic() + seconds
    store.set(f"word of {rank}", word)
    while time.monotonic() < end:
        if rank == 0:
            store.set("answer", json.dumps([store.get(f"word of {other}").decode() for other in range(size)]))
            if store.check([f"{word} is heard by {other}" for other in range(1, size)]):
                return word
        else:
            words = json.loads(store.get("answer"))
            if words[rank:] and words[rank] == word:
                store.set(f"{words[0]} is heard by {rank}", "")
                return words[0]
        time.sleep(PAUSE)
    raise TimeoutError(f"process {rank} of {size} was left alone for {seconds:g} s")
