"""Settings of a cluster of Spark."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

CONNECT = "sc://"
"""How addresses of Spark Connect begin."""
_SCHEMES = ("spark://", CONNECT)


def _checked(url: str) -> str:
    """The address; empty is none."""
    url = url.strip().rstrip("/")
    if url and not any(url.startswith(scheme) and url != scheme for scheme in _SCHEMES):
        raise ValueError(f"{url!r} is no address of Spark; expected spark://host:7077, or sc://host of Spark Connect")
    return url


def places(url: str) -> list[tuple[str, int]]:
    """Hosts and ports at which somebody may answer: `spark://` takes several, `sc://` parameters behind a slash."""
    scheme, _, rest = url.partition("://")
    usual = 15002 if f"{scheme}://" == CONNECT else 7077
    found = [urlsplit(f"//{place}") for place in rest.partition("/")[0].split(",")]
    return [(place.hostname or "", place.port or usual) for place in found]


SparkAddress = Annotated[str, AfterValidator(_checked)]


class Spark(BaseModel):
    """A cluster for what one machine should not do: see `docs/spark.md`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SparkAddress = ""
    """Address of a cluster of Spark, such as `spark://host:7077`, or of Spark Connect, `sc://host`; empty is none."""
    bundles: Annotated[int, Field(ge=1, le=64)] = 8
    """Bundles of files that are converted on it at a time, or days that are completed."""


class Engine(BaseModel):
    """Who answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spark_from_events: Annotated[int, Field(ge=0)] = 200_000_000
    """Events from which a question that only events can answer goes to `spark.url`."""
