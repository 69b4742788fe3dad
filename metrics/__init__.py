"""From an event to a number: events, lake, catalog and engine, in that order of import."""
