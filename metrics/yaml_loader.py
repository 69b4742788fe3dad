"""YAML as people write it into the files of a home."""

from typing import TYPE_CHECKING, ClassVar

import yaml

if TYPE_CHECKING:
    from yaml import SafeLoader as _Quick
else:
    try:
        from yaml import CSafeLoader as _Quick
    except ImportError:  # PyYAML was built without libyaml
        from yaml import SafeLoader as _Quick

_RESOLVERS = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class TextualTimes(yaml.SafeLoader):
    """Reads dates and times as the text they are: what they must be is said, with the line, where they are checked."""

    yaml_implicit_resolvers: ClassVar = _RESOLVERS  # pyright: ignore[reportIncompatibleVariableOverride]


class ShippedTextualTimes(_Quick):
    """Does so in a tenth of the time, for what ships alone.

    A text that people wrote may lie so deep that this one ends the process, and it takes tabs where others do not.
    """

    yaml_implicit_resolvers: ClassVar = _RESOLVERS  # pyright: ignore[reportIncompatibleVariableOverride]


Loader = type[TextualTimes] | type[ShippedTextualTimes]
