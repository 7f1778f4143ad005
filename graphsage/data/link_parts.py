"""LinkParts: links to train, validate and test on, checked against each other and against what a model may see."""

import numpy as np

from graphsage.base.checks import ReadOnlyRecord, as_flag
from graphsage.data.split import SPLITS
from graphsage.sampling.items import Items
from graphsage.sampling.times import bounds_of


class LinkParts(ReadOnlyRecord):
    """What the datasets of links share, of one type of nodes or of several.

    A subclass has the fields graph, train, val, test, known and directed, and says:

    num_targets: how many nodes a link may lead to. is_apart: are its two ends of two types? message_times: those of the
    messages, or None. node_times: {type: [n]} of a typed dataset, or None. checked_pairs(name, pairs): int64 [n, 2], checked.
    message_pairs(): int64 [E, 2], (source, target) of the messages that tell of links. hidden(pairs): what hides them.
    as_known(src, dst, directed): what ``known`` is of these links. known_pairs(): the links of it.
    """

    is_apart = False
    node_times = None

    def _settle(self, is_directed):
        """Check the fields. is_directed: function() -> bool, for where ``directed`` is not said."""
        self._set(directed=is_directed() if self.directed is None else as_flag("directed", self.directed))
        for part in SPLITS:
            self._set(**{part: self._checked_part(part, getattr(self, part))})
        _check_times({part: getattr(self, part) for part in SPLITS})
        if not self.has_times:
            self._refuse_repeats()
            self._refuse_leaks()
        self._set(known=self._all_links() if self.known is None else self._checked_known())

    @property
    def has_times(self) -> bool:
        """Is each link asked about as of a time?"""
        return any(getattr(self, part).time is not None for part in SPLITS)

    def codes(self, pairs, directed=None):
        """int64[n]: a number a link; the same for both orders of a pair unless ``directed`` (None: as the links are)."""
        return codes_of(pairs, self.num_targets, self.is_apart or (self.directed if directed is None else directed))

    def share_seen(self, pairs):
        """The share of the messages about links that are between two nodes of one of ``pairs``, in either direction."""
        messages = self.message_pairs()
        messages = messages if self.is_apart else messages[messages[:, 0] != messages[:, 1]]
        return np.isin(self.codes(messages, False), self.codes(pairs, False)).mean() if len(messages) else 0.0

    def _seen(self):
        """What each part sees of the messages."""
        if self.has_times:
            return "each asked about as of its time, on the messages of before"
        pairs = self.train.seeds
        among = np.isin(self.codes(pairs), self.codes(self.message_pairs())).sum()
        own = f", {among:,} of which are links to train on" if len(pairs) else ""
        return f"all on the same messages{own}: a batch sees none that it asks about"

    # ---- checks

    def _checked_part(self, part, links):
        """``links`` as ``Items`` of pairs of nodes."""
        items = links if isinstance(links, Items) else Items(self.checked_pairs(part, links))
        pairs = self.checked_pairs(part, items.seeds)
        loops = (pairs[:, 0] == pairs[:, 1]) & (not self.is_apart)
        if loops.any():
            at = int(np.argmax(loops))
            raise ValueError(f"{part}[{at}] = {shown_pair(pairs[at])} links a node to itself: leave self loops out")
        for own in ("label", "weight"):
            if getattr(items, own) is not None:
                raise ValueError(f"{part} must be true links alone, without {own}: negatives are drawn, not listed")
        if items.time is None:
            return Items(pairs)
        if self.message_times is None:
            way = "Graph.from_edges(..., times=)" if type(self.graph).__name__ == "Graph" else "TypedGraph(..., times=)"
            raise ValueError(f"{part} has times, and the graph has none: pass {way}")
        return Items(pairs, time=bounds_of(items.time, len(items), self.message_times, False))

    def _refuse_repeats(self):
        """No link is in two parts, nor in one twice."""
        codes = [self.codes(getattr(self, part).seeds) for part in SPLITS]
        joined = np.concatenate(codes)
        order = np.argsort(joined, kind="stable")
        repeated = np.flatnonzero(np.diff(joined[order]) == 0)
        if not len(repeated):
            return
        places = order[repeated[0] : repeated[0] + 2]
        first, second = (SPLITS[np.searchsorted(np.cumsum([len(c) for c in codes]), at, side="right")] for at in places)
        link = shown_pair(divmod(int(joined[places[0]]), self.num_targets))
        where = f"is in {first} twice" if first == second else f"is in {first} and in {second}"
        rule = "list each link once" + ("" if self.directed else "; an undirected one has no order")
        raise ValueError(f"the link {link} {where}: {rule}")

    def _refuse_leaks(self):
        messages = self.codes(self.message_pairs())
        for part in ("val", "test"):
            pairs = getattr(self, part).seeds
            seen = np.isin(self.codes(pairs), messages)
            if seen.any():
                first = shown_pair(pairs[np.argmax(seen)])
                rule = f"{np.count_nonzero(seen):,} of {len(pairs):,} links of {part} are among the messages, {first} first"
                raise ValueError(f"{rule}: the graph must not have them, or there is nothing to predict")

    def _all_links(self):
        """``known`` of messages and parts, each link once, without self loops."""
        pairs = np.concatenate([self.message_pairs(), *(getattr(self, part).seeds for part in SPLITS)])
        return self.as_known(*pairs.T, self.directed)

    def _checked_known(self):
        codes, messages = self.codes(self.known_pairs()), self.message_pairs()
        messages = messages if self.is_apart else messages[messages[:, 0] != messages[:, 1]]
        of_parts = {f"of {part}": getattr(self, part).seeds for part in SPLITS}
        for where, pairs in {**of_parts, "among the messages": messages}.items():
            lacks = ~np.isin(self.codes(pairs), codes)
            if lacks.any():
                raise ValueError(f"known must have all true links, and lacks {shown_pair(pairs[np.argmax(lacks)])} {where}")
        return self.known


def codes_of(pairs, num_targets, directed):
    """int64[n]: a number a link, the same for both orders of a pair where links are undirected."""
    first, second = pairs[:, 0], pairs[:, 1]
    if not directed:
        first, second = np.minimum(first, second), np.maximum(first, second)
    return first * num_targets + second


def _check_times(parts):
    """Either all links have times, or none has."""
    filled = {part: items.time is not None for part, items in parts.items() if len(items)}
    if len(set(filled.values())) > 1:
        with_times, without = (next(part for part in filled if filled[part] is has) for has in (True, False))
        raise ValueError(f"{with_times} has times and {without} has none: give times to all links, or to none")


def shown_pair(pair):
    """(3, 5), without the names of numpy's types."""
    return tuple(map(int, pair))
