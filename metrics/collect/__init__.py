"""How do live events arrive? Received by HTTP and gRPC, kept in a write-ahead log, handed to the lake as files are."""
