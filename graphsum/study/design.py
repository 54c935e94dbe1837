"""Who reads which reports, in which order, and on which side each system stands.

All draws come from a seed: the same files and options give the same study.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, permutations

import numpy as np

from preprocessing.errors import InputError


@dataclass(frozen=True, slots=True)
class Item:
    """One report on a reader's sheet: ``order`` are the systems of impression A, B and so on."""

    uid: str
    order: tuple[str, ...]
    repeat: bool


def draw_reports(strata: Mapping[str, str], n: int, rng: np.random.Generator) -> list[str]:
    """``n`` of the uids, of each stratum its share (largest remainders), in random order.

    Raises:
        InputError: there are fewer.
    """
    if n > len(strata):
        raise InputError(f"--n {n}: only {len(strata)} reports in these files; ask for fewer")
    groups: dict[str, list[str]] = {}
    for uid, stratum in strata.items():
        groups.setdefault(stratum, []).append(uid)
    shares = {name: n * len(uids) / len(strata) for name, uids in sorted(groups.items())}
    counts = {name: math.floor(share) for name, share in shares.items()}
    by_remainder = sorted(shares, key=lambda name: counts[name] - shares[name])
    for name in by_remainder[: n - sum(counts.values())]:
        counts[name] += 1
    drawn = [
        uid
        for name, count in counts.items()
        for uid in rng.choice(np.array(groups[name], dtype=object), count, replace=False)
    ]
    return [str(drawn[position]) for position in rng.permutation(len(drawn))]


def assign(
    strata: Mapping[str, str], *, readers: int, overlap: int, rng: np.random.Generator
) -> list[list[str]]:
    """The uids of each reader: ``overlap`` of them are read by all, the others by one each.

    Both parts have each stratum's share, and readers' numbers differ by one at most.
    """
    shared = draw_reports(strata, overlap, rng)
    own = [uid for uid in strata if uid not in set(shared)]
    own = [own[position] for position in rng.permutation(len(own))]
    own.sort(key=strata.__getitem__)  # stable: within a stratum the order stays random
    return [[*shared, *own[reader::readers]] for reader in range(readers)]


def sheet_items(
    uids: Sequence[str], systems: Sequence[str], *, repeats: int, rng: np.random.Generator
) -> list[Item]:
    """A reader's items in their order.

    Every order of the systems occurs equally often, but for one. ``repeats`` reports of the first
    third come again in the last third, with the systems in another order.
    """
    third = len(uids) // 3
    if repeats > third:
        raise InputError(
            f"--repeats {repeats}: at most a third of a reader's {len(uids)} reports, {third}"
        )
    shuffled = [uids[position] for position in rng.permutation(len(uids))]
    all_orders = list(permutations(systems))
    starts = rng.permutation(len(all_orders))
    orders = list(islice(cycle([all_orders[start] for start in starts]), len(uids)))
    orders = [orders[position] for position in rng.permutation(len(orders))]
    items = [Item(uid, order, False) for uid, order in zip(shuffled, orders, strict=True)]
    for position in sorted(rng.choice(third, repeats, replace=False)) if repeats else ():
        first = items[position]
        order = first.order[1:] + first.order[:1]  # of two systems: the sides are swapped
        place = int(rng.integers(len(uids) - third + 1, len(items) + 1))
        items.insert(place, Item(first.uid, order, True))
    return items
