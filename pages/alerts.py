"""Alerts: what is firing, how bad, since when, and who is on it?"""

from app.components import address, marking
from app.components.alerting import editor, firing, history, noise, pulse, rules, sections, silences, trouble

marking.buttons()
sections.shown(
    address.view(),
    {
        "Now": (pulse.tiles, trouble.watching, firing.cards, firing.pending, trouble.notices),
        "History": (history.span, history.tiles, history.timeline, history.table, noise.panel),
        "Rules": (rules.listed, rules.pick, editor.panel),
        "Silences & maintenance": (silences.listed, silences.add, silences.of_rules),
    },
)
