"""What the columns of an unknown file probably mean: a kind, and for its columns the source, each with a reason.

    best = proposals(columns)[0]
    best.kind, best.columns["ts"].source, best.columns["ts"].reason
    best.entry                      # as a mapping says it: {"kind": …, "columns": …} or {"parts": …}
    best.checks                     # what a person should look at, in sentences

Values outvote names (`matching`), columns speak for one another (`drafting`), and not every row is one event
(`shapes`). What the values say is found out by converting them as ingest would: a proposal that could not be stored is
none. Nothing is read here, and nothing is decided: a person looks it over.
"""

from collections.abc import Sequence

from metrics.events import KINDS
from metrics.events.proposing.drafting import drafted, together
from metrics.events.proposing.looks import Seen
from metrics.events.proposing.matching import Proposal, Proposed, first_draft
from metrics.events.schema import Kind

__all__ = ["Proposal", "Proposed", "proposals", "propose"]


def proposals(columns: Sequence[Seen]) -> list[Proposal]:
    """A proposal a kind, the likeliest first; calls and interactions of one file are one proposal of two parts."""
    by_kind = {kind.name: propose(columns, kind) for kind in KINDS.values()}
    both = together(by_kind["llm_call"], by_kind["interaction"], columns)
    if both is not None:
        by_kind["llm_call"] = both
    return sorted(by_kind.values(), key=lambda one: -one.score)


def propose(columns: Sequence[Seen], kind: Kind) -> Proposal:
    """The likeliest source of each column of a kind, and which rows are of it."""
    return drafted(first_draft(columns, kind), columns)
