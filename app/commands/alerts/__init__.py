"""`promptpilot alerts`: what the rules say, and what people do about it; one module a command."""

from importlib import import_module

import typer

from app.commands.alerts import importing

COMMANDS = (
    "check", "list", "schema", "test", "backtest", "incidents", "ack", "resolve", "silence", "send-test",
)  # fmt: skip
"""In the order in which help lists them; each is the function of its name in the module of its name."""

group = typer.Typer(
    name="alerts", help="Alert rules: what they say, what they found, and what people do about it.",
    no_args_is_help=True,
)  # fmt: skip
for _command in COMMANDS:
    _name = _command.replace("-", "_")
    group.command(_command)(getattr(import_module(f"{__name__}.{_name}"), _name))
group.add_typer(importing.group)
