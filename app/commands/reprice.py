"""`promptpilot reprice`: calls are priced anew after prices changed."""

from typing import Annotated

import typer

from app.commands.options import Home, Json, now, settings_of
from app.commands.outcome import wrong
from app.commands.printing import print_json, say, say_lines, table_text
from app.commands.window import parse_moment


def reprice(
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="From this moment on (ISO).")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="Up to this moment, itself not in it (ISO).")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, and change nothing.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Price LLM calls of a span anew, by prices.yaml and the price list as they are now; reported costs stand."""
    settings = settings_of(home)
    since, until = (parse_moment(text, settings.timezone) for text in (start, end))
    if since >= until:
        raise wrong(f"a span must end after it starts: {since.isoformat()} to {until.isoformat()}")

    from metrics.lake.undo.repricing import reprice as reprice_calls

    told = reprice_calls(settings, since, until, now=now, dry_run=dry_run)
    rows = list(told.changes.iter_rows(named=True))
    if as_json:
        print_json(
            {
                "from": since, "to": until, "dry_run": dry_run, "calls": told.calls, "reported": told.reported,
                "changed": told.changed, "days": list(told.days), "changes": rows,
            }
        )  # fmt: skip
        return
    if rows:
        columns = ("provider", "model", "calls", "old USD", "new USD", "difference", "unpriced before", "after")
        say_lines(table_text("", columns, [_cells(row) for row in rows], right=6).rstrip("\n"))
    old, new = (sum(row[name] for row in rows) for name in ("old_usd", "new_usd"))
    done = "would change" if dry_run else "changed"
    say(
        f"{told.changed:,} of {told.calls:,} calls {done}, from {old:,.4f} to {new:,.4f} USD;"
        f" the reported costs of {told.reported:,} calls stand"
    )


def _cells(row: dict[str, object]) -> list[str]:
    old, new = float(str(row["old_usd"])), float(str(row["new_usd"]))
    return [
        str(row["provider"] or "(none)"), str(row["model"] or "(none)"), f"{row['calls']:,}", f"{old:,.4f}",
        f"{new:,.4f}", f"{new - old:+,.4f}", f"{row['old_unpriced']:,}", f"{row['new_unpriced']:,}",
    ]  # fmt: skip
