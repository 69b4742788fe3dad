"""What tests of pages and of their parts share."""

from collections.abc import Generator
from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner


@pytest.fixture(scope="session", autouse=True)
def packages_looked_through_once() -> Generator[None]:
    """Streamlit looks through all packages for components: once where pages are served, for each app in its driver."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield
