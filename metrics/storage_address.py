"""Addresses of object storage, as a setting holds them."""

from typing import Annotated

from pydantic import AfterValidator

_STORES = ("s3", "gs", "az", "file")


def _checked(url: str) -> str:
    """The address without a slash at its end; empty is none."""
    url = url.strip().rstrip("/")
    scheme, _, place = url.partition("://")
    if url and (scheme not in _STORES or not place.strip("/") or any(mark in place for mark in "@?#")):
        raise ValueError(
            f"{url!r} is no address of object storage; expected s3://bucket/prefix, gs://bucket/prefix, "
            "az://account/container/prefix or file:///folder, without a key or a password"
        )
    return url


StorageAddress = Annotated[str, AfterValidator(_checked)]
