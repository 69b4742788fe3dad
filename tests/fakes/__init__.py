"""The other side of every channel, on loopback: they speak the real protocols, and fail on demand.

Each also runs as a process of its own, for tests that kill or browse:

    python -m tests.fakes.slack --port 0 --record calls.jsonl

It prints its address, writes a line of JSON for every call it accepted (and makes sure that it is on the disk before it
answers), fails as `POST /-/fail` says and tells what it accepted at `GET /-/calls`.
"""
