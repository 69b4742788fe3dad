"""`promptpilot alerts`: what the rules say, and what people do about it; one module a command."""
