"""The one writer of a lake: takes the lock, puts right what a killed writer left, commits what is staged.

Files become events one by one, or many small ones as a bundle, in this order, and may be cut off at any instant:

1. a mark says that staging has begun; what is staged is invisible,
2. an intent names everything that was staged; from here on the files count,
3. every table commits its part, each at most once (Delta's transaction id is that of the try at the files),
4. the ledger is written, the files are put away, the intent is removed.

Whoever takes the lock next removes what was staged without an intent, and completes every intent.
"""

import json
import logging
import secrets
import shutil
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from metrics.events import KINDS
from metrics.events.questions import Answers, from_documents, how_to_answer
from metrics.lake import swapping
from metrics.lake.datafiles import Change
from metrics.lake.durably import space_needed
from metrics.lake.identity.identities import Identities
from metrics.lake.identity.runs import Hashes
from metrics.lake.intake import answering
from metrics.lake.intake.arriving import Arrival, Bundle
from metrics.lake.intake.inbox import Found, archived_name, put_away, reject, rejected_folder, take_back
from metrics.lake.intake.marks import Changing, Identified, identified, mark_of, named
from metrics.lake.intake.received import give_back, is_segment
from metrics.lake.intents import Intent, done, read_intents, unstage
from metrics.lake.ledger import UNHASHED, Attempted, FileOutcome, Ledger, Reading
from metrics.lake.locking import locked
from metrics.lake.problems import LakeUnavailable, Unreadable, Wanting
from metrics.lake.reader import Task, Together
from metrics.lake.readers import FileReader
from metrics.lake.remote import underway
from metrics.lake.remote.owning import own
from metrics.lake.repair.damage import log_problem
from metrics.lake.repair.lacking import make_anew
from metrics.lake.repair.rebuilding import rebuild_if_lost
from metrics.lake.staging import attempts_of
from metrics.lake.tables import Lake
from metrics.settings import Settings

__all__ = ["Staged", "Told", "Writer", "locked", "take_over"]

LOG = logging.getLogger(__name__)
SMALLER_TIMES = 8
"""How many times smaller the batches of a file are that is read alone."""
_FEWEST_ROWS = 1_000
Told = Callable[[int, int | None], None]
FILES = "files"
"""What a commit says of the files its events come from: hash, hint, rows stored by kind, read, duplicates, rejected."""


Staged = dict[str, Any]
"""What a reading process tells of a bundle: under `kinds` what was staged, under `files` what of each came of it (see
`metrics.lake.reader.read_together`). Or that it `fell` over the file of that number, and the `reason`."""


@dataclass(frozen=True)
class Writer:
    """Stages and commits files. Only inside `locked`."""

    settings: Settings
    now: Callable[[], datetime]
    opened: Callable[[], Lake] | None = None
    """Gives the lake, where it is kept from writer to writer: its logs are read to their end once, not for each."""

    @property
    def home(self) -> Path:
        """The home written to."""
        return self.settings.home

    @cached_property
    def lake(self) -> Lake:
        """The tables committed to."""
        return self.opened() if self.opened else Lake.of(self.settings)

    def arrival(self, found: Found, *, owned: bool, stop: Callable[[], bool] = lambda: False) -> Arrival:
        """A file about to be stored. `owned`: it lies in the inbox and is put away afterwards.

        Raises `Gone`, `Changing` and `Interrupted`.
        """
        at = self.now()
        try:
            return Arrival(found, at, owned, identified(found.path, stop))
        except Unreadable as problem:
            mark = mark_of(found.path)
            if mark is None:
                raise Changing from problem
            return Arrival(found, at, owned, Identified(UNHASHED, mark, is_fresh=False), problem.reason)

    def bundle(self, arrivals: Sequence[Arrival]) -> Bundle:
        """Files to be stored in one transaction; those that need not be read are in it, but not read."""
        known = Ledger(self.home).stored_among([one.hash for one in arrivals])
        read = {one.hash: one for one in reversed(arrivals) if not one.problem and one.hash not in known}
        ordered = tuple(one for one in arrivals if read.get(one.hash) is one)
        # A mark that no other try has: a file that was forgotten can be stored again.
        name = ordered[0].hash if len(ordered) == 1 else "bundle"
        return Bundle(f"{name}.{secrets.token_hex(4 if len(ordered) == 1 else 8)}", tuple(arrivals), ordered)

    def stage(
        self, bundle: Bundle, reader: FileReader, told: Told, answers: Answers, *, is_alone: bool = False
    ) -> Staged:
        """Read files and stage their events. May run beside other stages and commits.

        A single file that wants more time or memory than it is given is told of as `wanting`, to be read again with
        nothing beside it: `is_alone`, in smaller batches. Only then it is refused.

        Raises:
            LakeUnavailable: no room, no permission; the files are where they were.
        """
        tasks = tuple(self._task(one, bundle.transaction, answers, is_alone=is_alone) for one in bundle.read)
        with space_needed(self.home):
            self._intents.mkdir(parents=True, exist_ok=True)
            (self._intents / f"{bundle.transaction}.staging").touch()
        begun = 0

        def heard(done: int, of: int | None) -> None:
            nonlocal begun
            begun = done if len(tasks) > 1 else 0
            told(done, of)

        try:
            if len(tasks) == 1:
                staged = alone(reader.read(tasks[0], heard))
            else:
                staged = reader.read_together(Together(str(self.home), bundle.transaction, tasks), heard)
        except Unreadable as problem:
            self.unstage(bundle.transaction)
            is_over = is_alone or len(tasks) > 1 or not isinstance(problem, Wanting)
            return {"fell": begun, "reason": str(problem)} if is_over else {"wanting": str(problem)}
        except LakeUnavailable:
            self.unstage(bundle.transaction)
            raise
        if not any("read" in one for one in staged["files"]):
            self.unstage(bundle.transaction)
        for task, one in zip(tasks, staged["files"], strict=True):
            one["answers"] = task.answers
        return staged

    def _task(self, arrival: Arrival, transaction: str, answers: Answers, *, is_alone: bool) -> Task:
        rows = self.settings.ingest.batch_rows
        return Task(
            path=str(arrival.found.path),
            hint=arrival.found.hint,
            home=str(self.home),
            transaction=transaction,
            source_file=arrival.hash,
            rejected_rows=str(rejected_folder(self.home, arrival.found.path, arrival.hash) / "rows.parquet"),
            now=arrival.at.isoformat(),
            batch_rows=max(_FEWEST_ROWS, rows // SMALLER_TIMES) if is_alone else rows,
            answers=self._answers(arrival, answers).as_document(),
            is_alone=is_alone,
        )

    def _answers(self, arrival: Arrival, given: Answers) -> Answers:
        """What was said of a file: on the command line, else on the Data page."""
        return given if given != Answers() else answering.of(self.home, arrival.hash)

    def runs(self, bundle: Bundle, staged: Staged) -> dict[str, Hashes]:
        """Hashes of the ids staged, by kind."""
        return {
            document["kind"]: Identities(self.lake.events(document["kind"])).run(bundle.transaction)
            for document in staged.get("kinds", ())
            if document["stored"]
        }

    def commit(self, bundle: Bundle, staged: Staged) -> dict[Arrival, FileOutcome]:
        """Make what was staged of files count, and put them away.

        What has no outcome has changed meanwhile, or has to be read by itself.
        """
        told = dict(zip(bundle.read, staged.get("files", ()), strict=False))
        read = {arrival: one for arrival, one in told.items() if "read" in one}
        outcomes = self._complete(Intent(bundle.transaction, read, staged["kinds"])) if read else {}
        known = Ledger(self.home).stored_among([one.hash for one in bundle.arrivals])
        again: list[Attempted] = []
        for arrival in (one for one in bundle.arrivals if one not in outcomes):
            one = told.get(arrival, {})
            if reason := arrival.problem or one.get("unreadable"):
                outcome = self._refuse(arrival, reason)
            elif "asked" in one:
                outcome = self._ask(arrival, one["asked"])
            elif before := known.get(arrival.hash):
                reason = f"the same file was stored before, as {before.path.name}"
                outcome = FileOutcome(arrival.path, "duplicate", reason, read=before.read, duplicates=before.read)
                again.append(Attempted(outcome, arrival.hash, arrival.at))
            else:
                outcome = None
            if outcome:
                outcomes[arrival] = outcome
        if again:
            Ledger(self.home).add_all(again)
        for arrival, outcome in outcomes.items():
            if arrival not in read and outcome.status == "duplicate":
                self._archive(arrival)
        return outcomes

    def tidy(self, staged: Container[str]) -> None:
        """Merge what is known of ids, once it is in many runs; what is only staged may yet be taken back."""
        for kind in KINDS:
            Identities(self.lake.events(kind)).merge(staged)

    def put_right(self) -> None:
        """Complete or remove what a writer that was killed has left. Raises `LakeUnavailable`."""
        own(self.settings)
        for table in self.lake.tables:
            if problem := log_problem(table):
                log = table.root / "_delta_log"
                raise LakeUnavailable(log, f"cannot be read ({problem}); promptpilot repair mends it")
        if (files := rebuild_if_lost(self.lake)) is not None:
            LOG.warning("the book of files was lost: it is made again, with %d files that the tables know", files)
        swapping.complete(self.lake)
        give_back(self.home)
        for intent in read_intents(self._intents, self.lake):
            self._complete(intent, again=True)
        for mark in self._intents.glob("*.staging"):
            self.unstage(mark.stem)
        shutil.rmtree(attempts_of(self.home), ignore_errors=True)
        for kind in KINDS:
            Identities(self.lake.events(kind)).complete()
        for name in make_anew(self.lake):
            LOG.warning("the rollup %s was lost: events answer for it until upkeep has made it again", name)
        self.lake.tell()

    @property
    def _intents(self) -> Path:
        return self.home / "lake" / "_transactions"

    def _complete(self, intent: Intent, *, again: bool = False) -> dict[Arrival, FileOutcome]:
        """Commit what was staged. `again`: it was begun before, by a writer that did not come to its end."""
        outcomes = {arrival: outcome_of(arrival.path, one) for arrival, one in intent.files.items()}
        with space_needed(self.home):
            intent.write(self._intents)
            told = [
                [arrival.hash, arrival.found.hint, dict(one.kinds), one.read, one.duplicates, one.rejected]
                for arrival, one in outcomes.items()
            ]
            metadata = {FILES: json.dumps(told, ensure_ascii=False)}
            for document in intent.kinds:
                if self.lake.events(document["kind"]).version < 0:
                    for table in self.lake.rollups_of(document["kind"]):
                        table.create()
            # A transaction that was not begun before is in no table.
            parts = [one for one in intent.parts(self.lake) if not again or not one[0].has(intent.transaction)]
            self.lake.send(parts)
            changes = {table.name: Change(added=tuple(files)) for table, files in parts}
            underway.announce(self.lake, intent.transaction, changes, metadata)
            for table, files in parts:
                table.commit_all(files, [intent.transaction], metadata)
            self.lake.tell()
            underway.over(self.lake, intent.transaction, changes)
            for document in intent.kinds:
                Identities(self.lake.events(document["kind"])).keep_up()
            for arrival, outcome in outcomes.items():
                if outcome.rejected:
                    self._tell_rejected(arrival, intent.files[arrival]["rejected"])
            attempts = [
                Attempted(
                    one,
                    arrival.hash,
                    arrival.at,
                    reading_of(intent, arrival),
                    is_received=is_segment(arrival.found.hint),
                )
                for arrival, one in outcomes.items()
            ]
            Ledger(self.home).add_all(attempts, once=again)
            for arrival in outcomes:
                answering.done(self.home, arrival.hash)
                take_back(rejected_folder(self.home, arrival.found.path, arrival.hash), arrival.found.path)
                self._archive(arrival)
        self._done(intent.transaction)
        return outcomes

    def _tell_rejected(self, arrival: Arrival, rejected: dict[str, Any]) -> None:
        folder = rejected_folder(self.home, arrival.found.path, arrival.hash)
        folder.mkdir(parents=True, exist_ok=True)
        document = {"file": arrival.found.hint, "rows": rejected["count"], "reasons": rejected["reasons"]}
        (folder / "reason.json").write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")

    def _archive(self, arrival: Arrival) -> None:
        after = "delete" if is_segment(arrival.found.hint) else self.settings.ingest.after
        if arrival.owned and after != "keep":
            target = archived_name(arrival.found.hint, self.home, arrival.at) if after == "archive" else None
            with space_needed(self.home):
                put_away(arrival.found.path, arrival.mark, target)

    def _refuse(self, arrival: Arrival, reason: str) -> FileOutcome | None:
        return self._put_away(arrival, FileOutcome(arrival.path, "rejected", reason))

    def _ask(self, arrival: Arrival, asked: dict[str, Any]) -> FileOutcome | None:
        """Nothing of it is stored until somebody answers: it is put away whole, with what is asked."""
        questions, read = from_documents(asked["questions"]), int(asked["read"])
        reason = f"{' '.join(one.asks for one in questions)} ({how_to_answer(questions)})"
        outcome = FileOutcome(
            arrival.path, "rejected", reason, read, rejected=read, notes=tuple(asked["notes"]), questions=questions
        )
        return self._put_away(arrival, outcome)

    def _put_away(self, arrival: Arrival, outcome: FileOutcome) -> FileOutcome | None:
        path = arrival.found.path
        document = {"file": str(named(Path(arrival.found.hint))), "reason": outcome.reason}
        document["at"] = arrival.at.isoformat()
        with space_needed(self.home):
            folder = rejected_folder(self.home, path, arrival.hash)
            if not reject(path, folder, document, arrival.mark, move=arrival.owned):
                return None
            Ledger(self.home).add_all([Attempted(outcome, arrival.hash, arrival.at)])
        return outcome

    def unstage(self, transaction: str) -> None:
        """Remove what was staged under a transaction that never came to be; nothing that a table refers to."""
        unstage(self.lake, transaction)

    def _done(self, transaction: str) -> None:
        done(self._intents, transaction)


def take_over(settings: Settings, now: Callable[[], datetime], stop: Callable[[], bool] = lambda: False) -> None:
    """Be the home that writes, with what the one before left put right; before there is anything to store.

    Raises:
        LakeUnavailable: storage does not answer, or it is another home's turn.
        Interrupted: told to stop while another process of the home wrote.
    """
    with locked(settings.home, stop):
        Writer(settings, now).put_right()


def reading_of(intent: Intent, arrival: Arrival) -> Reading:
    """How a file was read; of one among many, when any of them had events."""
    own = (intent.transaction,) if len(intent.files) == 1 else ()
    spans = {kind["kind"]: tuple(kind["span"]) for kind in intent.kinds if "span" in kind}
    return Reading(own, Answers.from_document(intent.files[arrival].get("answers") or {}), spans)


def alone(read: dict[str, Any]) -> Staged:
    """What was told of one file, as of a bundle."""
    kinds = read.pop("kinds", [])
    stored = {kind["kind"]: kind["stored"] for kind in kinds if kind["stored"]}
    return {
        "files": [{**read, "stored": stored, "duplicates": sum(kind["duplicates"] for kind in kinds)}],
        "kinds": kinds,
    }


def outcome_of(path: Path, read: dict[str, Any]) -> FileOutcome:
    """What became of a file of which this was read."""
    stored, duplicates, rejected = read["stored"], read["duplicates"], read["rejected"]["count"]
    reason = ", ".join(
        f"{count:,} row{'s' * (count != 1)}: {words}" for words, count in list(read["rejected"]["reasons"].items())[:3]
    )
    total = sum(stored.values())
    status = "stored" if total else "duplicate" if duplicates else "rejected"
    if status == "duplicate" and not reason:
        reason = "every event in it is known already"
    return FileOutcome(path, status, reason, read["read"], total, duplicates, rejected, stored, tuple(read["notes"]))
