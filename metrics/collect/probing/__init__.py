"""Is what the product needs there? Asked every minute, as `probes.yaml` says, and kept as `health` events."""
