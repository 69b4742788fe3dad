"""What pages are made of. Each component asks, draws and explains itself; a failure stays in its box."""
