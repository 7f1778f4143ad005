"""Kernels of the external sort: edges as records, records into buckets, and a bucket's records in order.

A record is the words (uint32) of one direction of an edge: its row, its source, ``low``, and then what travels with it (weight,
time, id). Sorted by key, and equal keys in the order in which they came, records are the edges of a graph row by row:

    key = row << source bits | source             low = edge id << 1 | reversed, less what its block says

    4 nodes (2 bits), edges 0 -> 2, 1 -> 2, 0 -> 2:  keys 8, 9, 8; sorted 8, 8, 9: row 2 has sources 0, 0, 1, edges 0, 2, 1

n records of W words.
"""

import numpy as np

from graphsage.base.jit import kernel

ROW, SOURCE, LOW, OWN = range(4)  # words of a record; what travels with it begins at the last
FARTHEST = 2**32  # lows of one block are less than that apart
WIDEST = 12  # bits of a key that are sorted by at once: the counters stay in the processor's first cache


@kernel
def write_records(src, dst, undirected, loops, own, records):
    """Write the records of a part's edges (int64[m], ``own`` uint32[m, W - 3]) to ``records``; how many they are."""
    count = 0
    for edge in range(len(src)):
        u, v = src[edge], dst[edge]
        for turned in range(2 if undirected and u != v else 1 if u != v or loops else 0):
            records[count, ROW], records[count, SOURCE] = (u, v) if turned else (v, u)
            records[count, LOW] = edge << 1 | turned
            for word in range(own.shape[1]):
                records[count, OWN + word] = own[edge, word]
            count += 1
    return count


@kernel
def deal(records, lows, at, base, source_bits, shift, blocks, filled, bases):
    """Copy records from ``at`` on into the blocks of their buckets; where the first stands whose block is full, else n.

    The bucket of a key is ``key >> shift``, less higher bits. lows: int64[n], or empty: they are ``base`` + the record's own.
    blocks: uint32[buckets, room, W]; filled: int64[buckets]. bases: int64[buckets], the low of the first record of each block.
    """
    last, room = blocks.shape[0] - 1, blocks.shape[1]
    for place in range(at, len(records)):
        row, source = records[place, ROW], records[place, SOURCE]
        bucket = (np.int64(row) << source_bits | np.int64(source)) >> shift & last
        low = lows[place] if len(lows) else base + np.int64(records[place, LOW])
        slot = filled[bucket]
        if slot == 0:
            bases[bucket] = low
        if slot == room or low - bases[bucket] >= FARTHEST:
            return place
        blocks[bucket, slot, ROW], blocks[bucket, slot, SOURCE], blocks[bucket, slot, LOW] = row, source, low - bases[bucket]
        for word in range(OWN, records.shape[1]):
            blocks[bucket, slot, word] = records[place, word]
        filled[bucket] = slot + 1
    return len(records)


@kernel
def order(records, source_bits, bits, keys, places, other_keys, other_places):
    """Sort the n records by the lowest ``bits`` of their keys; whether the other arrays are the sorted ones.

    keys: int64[n]; places: uint32[n], where in ``records`` each stands. Equal keys keep their order.
    """
    for place in range(len(records)):
        keys[place] = np.int64(records[place, ROW]) << source_bits | np.int64(records[place, SOURCE])
        places[place] = place
    rounds = -(-bits // WIDEST)
    width = -(-bits // max(rounds, 1))
    for turn in range(rounds):
        _order_by(keys, places, turn * width, width, other_keys, other_places)
        keys, places, other_keys, other_places = other_keys, other_places, keys, places
    return rounds % 2 == 1


@kernel
def _order_by(keys, places, shift, width, sorted_keys, sorted_places):
    """One counting sort, by ``width`` bits of the keys from ``shift`` on."""
    ends, last = np.zeros((1 << width) + 1, np.int64), (1 << width) - 1
    for key in keys:
        ends[(key >> shift & last) + 1] += 1
    for digit in range(last):
        ends[digit + 1] += ends[digit]
    for at in range(len(keys)):
        digit = keys[at] >> shift & last
        sorted_keys[ends[digit]], sorted_places[ends[digit]] = keys[at], places[at]
        ends[digit] += 1


@kernel
def take(keys, places, lows, source_bits, once, rows, indices, ids, flags, kept):
    """Write what sorted records say of their edges; how many stay. once: of equal keys the first stays.

    lows: int64[n], of the records where they stand. rows, indices: int32[n]; ids: int64[n]; flags: bool[n] or empty; kept:
    uint32[n], the place of each edge that stays.
    """
    count, below = 0, (1 << source_bits) - 1
    for at in range(len(keys)):
        if once and at and keys[at] == keys[at - 1]:
            continue
        low = lows[places[at]]
        rows[count], indices[count] = keys[at] >> source_bits, keys[at] & below
        ids[count], kept[count] = low >> 1, places[at]
        if len(flags):
            flags[count] = low & 1
        count += 1
    return count
