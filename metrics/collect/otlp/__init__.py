"""How does OpenTelemetry's own protocol come in? Spans, logs and metrics over HTTP and gRPC become events.

They become events by the same data as files do: `metrics.events.adapters` and `metrics.events.rows.otlp`.
"""

from metrics.collect.otlp.content import Content
from metrics.collect.otlp.http import routes
from metrics.collect.otlp.rpc import PortTaken, Serving, serve_grpc

__all__ = ["Content", "PortTaken", "Serving", "routes", "serve_grpc"]
