"""The running program: command line, web server, sidecar, charts and components."""
