"""The counts of the report once more, node by node: Python ints and lists, no numpy."""

from math import sqrt


def predicted_class(row):
    return max(range(len(row)), key=lambda k: row[k])


def counts_by_class(task, outputs, labels, num_classes):
    """[(hits, true, predicted)] of each class or column."""
    counts = [[0, 0, 0] for _ in range(num_classes)]
    for row, label in zip(outputs, labels):
        for k in range(num_classes):
            true = label == k if task == "multiclass" else label[k] == 1
            said = predicted_class(row) == k if task == "multiclass" else row[k] > 0
            counts[k][0] += true and said
            counts[k][1] += true
            counts[k][2] += said
    return [tuple(count) for count in counts]


def shares(hits, true, predicted):
    """(F1, precision, recall); None for a share of nothing."""
    return (
        2 * hits / (true + predicted) if true + predicted else None,
        hits / predicted if predicted else None,
        hits / true if true else None,
    )


def confusions(outputs, labels):
    """{(true, predicted): nodes}."""
    found = {}
    for row, label in zip(outputs, labels):
        pair = label, predicted_class(row)
        found[pair] = found.get(pair, 0) + 1
    return found


def bin_of(degree):
    """(low, high) of 0, 1, 2-3, 4-7, ..."""
    low, high = 0, 0
    while degree > high:
        low, high = high + 1, 2 * high + 1
    return low, high


def accuracy(outputs, labels):
    return sum(predicted_class(row) == label for row, label in zip(outputs, labels)) / len(labels)


def micro_f1(outputs, labels):
    hits = sum(x > 0 and y == 1 for row, label in zip(outputs, labels) for x, y in zip(row, label))
    said = sum(x > 0 for row in outputs for x in row)
    true = sum(y == 1 for label in labels for y in label)
    return 2 * hits / (said + true)


def r2(outputs, targets, reference):
    """Mean over the targets of 1 - mean squared error / variance of ``reference``."""
    total = 0
    for t in range(len(targets[0])):
        column = [row[t] for row in reference]
        mean = sum(column) / len(column)
        variance = sum((y - mean) ** 2 for y in column) / len(column)
        error = sum((row[t] - target[t]) ** 2 for row, target in zip(outputs, targets)) / len(targets)
        total += 1 - error / variance
    return total / len(targets[0])


def wilson(hits, nodes):
    """The two shares p with (hits / nodes - p)^2 = 1.96^2 p (1 - p) / nodes, by bisection."""
    share = hits / nodes

    def excess(p):
        return (share - p) ** 2 - 1.959964**2 * p * (1 - p) / nodes

    def root(inside, outside):
        for _ in range(100):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if excess(middle) < 0 else (inside, middle)
        return inside

    return root(share, 0), root(share, 1)


def deviation(values):
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def curve_points(scores, labels):
    """[(false share, recall, precision)] of those that score at least as each of the distinct scores, the highest first."""
    points = []
    for least in sorted(set(scores), reverse=True):
        called = [label for score, label in zip(scores, labels) if score >= least]
        hits, others = sum(called), len(labels) - sum(labels)
        points.append(((len(called) - hits) / others, hits / sum(labels), hits / len(called)))
    return points


def likeness(task, rows, labels, node, deviations=None):
    """Of ``rows``, {node: neighbours}: the mean over labelled neighbours of how alike they are; None where there are none."""
    found = []
    for neighbour in rows[node]:
        own, other = labels[node], labels[neighbour]
        if task == "multiclass" and other >= 0:
            found.append(float(own == other))
        if task == "multilabel" and other[0] >= 0:
            mine, theirs = ({k for k, yes in enumerate(row) if yes} for row in (own, other))
            found.append(len(mine & theirs) / len(mine | theirs) if mine | theirs else 1.0)
        if task == "regression" and other[0] == other[0]:
            found.append(sum(abs(a - b) / d for a, b, d in zip(own, other, deviations)) / len(own))
    return sum(found) / len(found) if found else None
