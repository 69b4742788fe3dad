"""Untrusted files as batches of rows. Runs in the reading process only: some files end the process that opens them.

    opening      what a file is, by its first bytes: packed, Parquet, JSON, an access log, a table of text
    packing      gzip and its like, unpacked as they are read
    encodings    UTF-8, UTF-16 or an old one-byte encoding, decided over all bytes; text: its characters and lines
    dialects     separators, quotes and headers of tables of text; numerals: decimal commas; delimited: their rows
    json_*       values of any size, shapes of documents, one object a line or any other way
    *_logs       lines of nginx, Apache and load balancers; logs that name their fields (W3C, CloudFront, IIS); lines
                 that something has stamped with a time, and in which JSON stands (CRI, CloudWatch, Fluentd)
    parquet      Parquet; columnar, avro: Arrow, ORC, Avro; arrow_columns: whatever holds a column that Polars cannot

Text is read row by row, so that one bad line costs one row and a packed file is never held whole.
"""

from metrics.lake.formats.batches import Batch, Opened
from metrics.lake.formats.json_values import frame_of
from metrics.lake.formats.opening import open_file
from metrics.lake.formats.signatures import is_parquet, parquet_end

__all__ = ["Batch", "Opened", "frame_of", "is_parquet", "open_file", "parquet_end"]
