"""Ways to reach people: one module a channel, behind one small protocol (`channel.py`)."""
