"""Where events live: Delta tables of Parquet, ingest, rollups, compaction, retention."""
