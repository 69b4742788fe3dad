"""YAML as people write it into the files of a home."""

from typing import ClassVar

import yaml


class TextualTimes(yaml.SafeLoader):
    """Reads dates and times as the text they are: what they must be is said, with the line, where they are checked."""

    yaml_implicit_resolvers: ClassVar = {  # pyright: ignore[reportIncompatibleVariableOverride]
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
