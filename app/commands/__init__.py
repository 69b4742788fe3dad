"""The commands of `promptpilot`, one module each: parse, call, print."""
