"""What is worth saying of a file after its rows became events: what was left out, what could be read in two ways."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from metrics.events.values.zones import Doubled


@dataclass
class Remarks:
    """Counted over the batches of one file."""

    left_out: Counter[str] = field(default_factory=Counter[str])
    """Measurements of failed calls that could not be, by column."""
    blurred: Counter[str] = field(default_factory=Counter[str])
    """Ids that are floats too large to be exact, by column."""
    counted: Counter[str] = field(default_factory=Counter[str])
    """Rows that stand for several events each, and those events."""
    doubled: dict[tuple[str, str], Doubled] = field(default_factory=dict[tuple[str, str], Doubled])
    """By column and zone."""

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing that there is to say."""
        return (*self._left_out(), *self._blurred(), *self._counted(), *self._doubled())

    def _left_out(self) -> Iterator[str]:
        if self.left_out:
            columns = ", ".join(f"{count:,} {name}" for name, count in self.left_out.most_common())
            yield f"of failed calls, measurements that cannot be were left out: {columns}"

    def _blurred(self) -> Iterator[str]:
        for name, count in self.blurred.items():
            yield (
                f"{count:,} {name} are floats of more than 15 digits: ids that differ in the last ones are one "
                "there; export them as text"
            )

    def _counted(self) -> Iterator[str]:
        if self.counted:
            yield (
                f"{self.counted['events']:,} events stand in {self.counted['rows']:,} rows: those of one row have one "
                "time, and one duration where it says any. Sums and counts are right; percentiles, funnels and what "
                "came after what say no more than the rows do"
            )

    def _doubled(self) -> Iterator[str]:
        for (name, zone), seen in self.doubled.items():
            if told := seen.told_apart.total():
                yield (
                    f"{told:,} {name} lie in an hour that comes twice in {zone}: the order of the file tells the first "
                    "pass from the second"
                )
            if left := seen.open.total():
                yield (
                    f"{left:,} {name} lie in an hour that comes twice in {zone}, and nothing tells which is meant: "
                    "they were read as of the first pass"
                )
