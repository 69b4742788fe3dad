"""The other side of every channel, on loopback: they speak the real protocols, and fail on demand.

Those that speak HTTP also run as processes of their own, for tests that kill or browse:

    python -m tests.fakes.slack --port 0 --record calls.jsonl

Such a process prints its address, and writes a line of JSON for every call it accepts: it is on the disk before the
answer is given. It fails as `POST /-/fail` says, and tells what it accepted at `GET /-/calls`; Slack's also tells what
stands in its channels at `GET /-/said`, and presses buttons at `POST /-/press`.
"""
