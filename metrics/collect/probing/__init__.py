"""Is what the product needs there? Asked every minute, as `probes.yaml` of the home says, and kept as `health` events."""
