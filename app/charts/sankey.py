"""The ways people take, as a stream from step to step."""

from collections import Counter

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.words import label

MOST_PAGES = 8
"""Pages of a step that are drawn on their own."""
OTHER = "(other)"
LEFT = "(left)"
_HEIGHT, _MARGIN = 460, 14
_PAD = 14
"""Between nodes of a step at least, as `_HEIGHT` in pixels."""
_GAPS = 0.25
"""What gaps of a step take together, as a share of the height, where there is room for more."""


def journeys(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Links from page to page, step by step; a page at another step is another node, so nothing flows back.

    Columns: `step`, `source`, `target` (null: left), `users`, `transitions`, `share`. The `customdata` of a node is a
    list of its page; that of the rest, of those who left, and of a name that several pages share, is empty.
    """
    del axis
    links, pages = _merged(frame), _pages(frame)
    nodes = _nodes(links)
    places = {node: index for index, node in enumerate(nodes)}
    colors = theme.group_colors({page for _, page in nodes} - {OTHER, LEFT})
    deepest = max((step for step, _ in nodes), default=1) or 1
    drawn = Drawing(_HEIGHT)
    rows = list(links.iter_rows(named=True))
    drawn.traces.append(
        {
            "type": "sankey",
            "arrangement": "fixed",  # of nodes that can be dragged Plotly tells no clicks
            "domain": {"x": [0, 1], "y": [0, 1]},
            "textfont": {"size": 12, "color": theme.INK},
            "node": {
                "label": [label(page, 24) for _, page in nodes],
                "color": [_node_color(page, colors) for _, page in nodes],
                "x": [min(max(step / deepest, 0.001), 0.999) for step, _ in nodes],
                "y": _heights(nodes, links),
                "customdata": [[pages[page]] if page in pages else [] for _, page in nodes],
                "pad": _PAD,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": "%{label}: %{value:,.0f} users<extra></extra>",
            },
            "link": {
                "source": [places[row["step"], row["source"]] for row in rows],
                "target": [places[row["step"] + 1, row["target"]] for row in rows],
                "value": [row["users"] for row in rows],
                "color": [
                    theme.LEAVING
                    if row["target"] == LEFT
                    else theme.faint(_node_color(row["source"], colors), theme.LINK_OPACITY)
                    for row in rows
                ],
                "customdata": [
                    f"{label(row['source'], 40)} → {label(row['target'], 40)}<br>{row['users']:,} users, "
                    f"{row['share']:.1f} % of those there<br>{row['transitions']:,} times"
                    for row in rows
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            },
        }
    )
    drawn.layout |= {"margin": {"l": 8, "r": 8, "t": _MARGIN, "b": _MARGIN}, "showlegend": False}
    drawn.x["visible"] = drawn.y["visible"] = False
    top = links.filter(pl.col("target") != LEFT).sort("users", descending=True).head(3)
    ways = "; ".join(
        f"{wording.name(row['source'], 40)} to {wording.name(row['target'], 40)} {row['users']:,} users"
        for row in top.iter_rows(named=True)
    )
    return Picture(drawn.figure(), f"Ways from page to page over {deepest} steps. Most taken: {ways or 'none'}.")


def _named(pages: pl.Series) -> pl.Series:
    """Pages as they are written; where there is none, none."""
    return pl.Series(pages.name, [None if page is None else wording.name(page) for page in pages], pl.String)


def _merged(frame: pl.DataFrame) -> pl.DataFrame:
    """Links between the busiest pages of each step; users of merged links are added up, so they may count twice."""
    named = frame.with_columns(_named(frame["source"]), _named(frame["target"]).fill_null(LEFT))
    named = named.with_columns(origin="source", there=100 * pl.col("users") / pl.col("share"))
    into = named.select(step=pl.col("step") + 1, page="target", users="users").filter(pl.col("page") != LEFT)
    out = named.filter(pl.col("step") == 0).select(step=pl.col("step"), page="source", users="users")
    busy = (
        pl.concat([into, out])
        .group_by("step", "page")
        .agg(pl.col("users").sum())
        .sort("step", "users", "page", descending=[False, True, False])
        .group_by("step", maintain_order=True)
        .head(MOST_PAGES)
        .select("step", "page", kept=pl.lit(True))
    )
    for column, shift in (("source", 0), ("target", 1)):
        known = busy.rename({"page": column}).with_columns(pl.col("step") - shift)
        kept = pl.col("kept").fill_null(False) | (pl.col(column) == LEFT)
        named = named.join(known, on=["step", column], how="left").with_columns(
            pl.when(kept).then(pl.col(column)).otherwise(pl.lit(OTHER))
        )
        named = named.drop("kept")
    # A share is one of those who were at the page, and of pages merged into one of those who were at any of them.
    there = named.filter(pl.col("share") > 0).group_by("step", "source", "origin").agg(pl.col("there").max())
    there = there.group_by("step", "source").agg(pl.col("there").sum())
    merged = named.group_by("step", "source", "target").agg(pl.col("users", "transitions").sum())
    merged = merged.join(there, on=["step", "source"], how="left").with_columns(
        share=(100 * pl.col("users") / pl.col("there")).clip(upper_bound=100).fill_null(0)
    )
    return merged.sort("step", "users", "source", "target", descending=[False, True, False, False])


def _pages(frame: pl.DataFrame) -> dict[str, str]:
    """Pages by the name by which they are drawn, where it is that of one page alone."""
    found: dict[str, list[str]] = {}
    for page in {*frame["source"], *frame["target"].drop_nulls()}:
        found.setdefault(wording.name(page), []).append(page)
    return {name: pages[0] for name, pages in found.items() if len(pages) == 1 and name not in (OTHER, LEFT)}


def _nodes(links: pl.DataFrame) -> list[tuple[int, str]]:
    ends = [(row["step"], row["source"]) for row in links.iter_rows(named=True)]
    ends += [(row["step"] + 1, row["target"]) for row in links.iter_rows(named=True)]
    return sorted(dict.fromkeys(ends), key=lambda node: (node[0], node[1] in (LEFT, OTHER)))


def _heights(nodes: list[tuple[int, str]], links: pl.DataFrame) -> list[float]:
    """The middle of each node from the top (0) to the bottom (1): the busiest of a step first, who left last.

    Plotly puts nodes at their step only where it is told both, and keeps nodes that are fixed from nothing: so they are
    as high here as it draws them, what flows in or out by a scale at which the fullest step has room for its gaps.
    """
    into, out = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    for step, source, target, users in links.select("step", "source", "target", "users").iter_rows():
        out[step, source] += users
        into[step + 1, target] += users
    sizes = {node: max(into[node], out[node]) for node in nodes}
    steps = {
        step: sorted((n for n in nodes if n[0] == step), key=lambda n: (n[1] == LEFT, n[1] == OTHER, -sizes[n]))
        for step, _ in nodes
    }
    totals = {step: sum(sizes[node] for node in there) or 1 for step, there in steps.items()}
    pad = _PAD / (_HEIGHT - 2 * _MARGIN)
    scale = min((max(1 - (len(there) - 1) * pad, 0.0) / totals[step] for step, there in steps.items()), default=0.0)
    middles: dict[tuple[int, str], float] = {}
    for step, there in steps.items():
        room = (1 - scale * totals[step]) / max(len(there) - 1, 1)
        gap, top = min(max(pad, _GAPS / len(there)), room), 0.0
        for node in there:
            height = scale * sizes[node]
            middles[node] = min(max(top + height / 2, 0.001), 0.999)
            top += height + gap
    return [middles[node] for node in nodes]


def _node_color(page: str, colors: dict[str, str]) -> str:
    return colors.get(page, theme.QUIET)
