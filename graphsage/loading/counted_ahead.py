"""Which rows of features the coming batches ask for most: counted, as batches are known ahead."""

from itertools import count, islice

import numpy as np

from graphsage.base.threads import ordered_map
from graphsage.tensors.kept_rows import most_asked

COUNTED = 512  # steps that are counted at most: more change little (benchmarks/README.md), and each takes as long as a sample


def keep_most_asked(loader, stores, epoch, start, num_threads):
    """Let ``stores``, {type: ``FeatureStore``}, keep the rows that the steps of ``loader`` from (epoch, start) on ask for most.

    The steps are drawn without features, up to COUNTED of them, or to the end of the loader's last epoch. It is done once a
    store: the most asked rows stay nearly the same (docs/decisions.md).
    """
    asked = {kind: np.zeros(len(store), np.uint16) for kind, store in stores.items() if store.room()}
    if not asked:
        return
    for rows in ordered_map(lambda at: loader.rows_asked(*at), _coming(loader, epoch, start), num_threads):
        for kind in asked.keys() & rows.keys():
            asked[kind][rows[kind]] += 1
    for kind, counts in asked.items():
        stores[kind].keep(most_asked(counts, stores[kind].room()))


def _coming(loader, epoch, start):
    """(epoch, step) of the steps that are counted, in order."""
    end, steps = loader.last_epoch, loader.plan.steps
    epochs = count(epoch) if end is None else range(epoch, max(end, epoch + 1))
    places = ((later, step) for later in epochs for step in (steps[start:] if later == epoch else steps))
    return islice(places, COUNTED)
