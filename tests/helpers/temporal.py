"""Made graphs whose labels are told by edges of a known time."""

import numpy as np

import graphsage as gs

SIGNS, TOLD, NOISE = 40, 3, 3  # nodes that show a class; edges of a node from those of its own class, and from any


def told_at(offset, *, hops=1, by_nodes=False, number=500, seed=0):
    """A ``NodeDataset`` whose nodes are asked at a time t each, and whose label is told by edges of time t + ``offset``.

    Node i < ``number`` has a class at random and nothing that shows it; the SIGNS nodes after show theirs as features. Edges
    from signs of any class come long before t, those from signs of i's own class at t + offset. hops=2: both come to a node of
    i's own between, which i has known for long. by_nodes: the edges are old, and what shows i's class is a node of its own that
    comes to be at t + offset.
    """
    generator = np.random.default_rng(seed)
    classes, times = generator.integers(0, 2, number), 1000 + 10 * generator.permutation(number)
    shown = np.arange(SIGNS) % 2
    told = np.array([generator.choice(np.flatnonzero(shown == c), TOLD) for c in classes]) + number
    noise = generator.integers(number, number + SIGNS, (number, NOISE))
    asked, when = np.arange(number), np.repeat(times + offset, TOLD)
    extra = np.arange(number + SIGNS, 2 * number + SIGNS)  # the nodes between, or the signs of one node each
    ends = asked if hops == 1 else extra
    src, dst = [told.ravel(), noise.ravel()], [np.repeat(ends, TOLD), np.repeat(ends, NOISE)]
    edge_times = [when, np.arange(noise.size) % 100]
    if hops == 2:
        src, dst, edge_times = [*src, extra], [*dst, asked], [*edge_times, np.zeros(number, int)]
    node_times = np.zeros(2 * number + SIGNS, int)
    if by_nodes:
        src[0], dst[0], edge_times[0] = extra, asked, np.zeros(number, int)
        node_times[extra] = times + offset
    features = np.zeros((len(node_times), 2), np.float32)
    features[number : number + SIGNS] = np.eye(2)[shown]
    if by_nodes:
        features[extra] = 10 * np.eye(2)[classes]  # one beside NOISE others
    graph = gs.Graph.from_edges(*map(np.concatenate, (src, dst)), len(node_times), times=np.concatenate(edge_times))
    late = np.full(len(node_times), 10**6)
    late[:number] = times
    labels = np.full(len(node_times), -1)
    labels[:number] = classes
    data = gs.NodeDataset(
        graph=graph, features=features, labels=labels, train=[], val=[], test=[], times=late, node_times=node_times, name="told"
    )
    return gs.split_by_time(data, val=0.1, test=0.4)
