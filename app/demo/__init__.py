"""The demo: what a home shows while it holds no event of its own.

Made once by the simulator (`making`), with what happens in the week that follows (`ahead`). The collector takes that
when its time has come (`playing`), the sidecar stores it and evaluates its rules (`keeping`), both in a home of the
demo's own. The first real event ends all of it.
"""

STREAM_PATH = "/metrics/stream/demo"
"""Where the pages hear of the demo's live numbers; of the home's own from its first event on."""
