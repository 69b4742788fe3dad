"""What Slack's Block Kit takes: the same refusals as the real one, as `[ERROR] …` sentences.

Source: Slack, Block Kit reference: https://docs.slack.dev/reference/block-kit/blocks
"""

from collections.abc import Iterator
from typing import Any

Found = Iterator[str]
_KEYS = {
    "header": {"type", "text", "block_id"},
    "section": {"type", "text", "fields", "accessory", "block_id", "expand"},
    "context": {"type", "elements", "block_id"},
    "actions": {"type", "elements", "block_id"},
    "divider": {"type", "block_id"},
    "button": {"type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"},
}


def complaints(blocks: Any) -> list[str]:
    """Everything that is wrong with the blocks of a message."""
    if not isinstance(blocks, list):
        return ["blocks: must be a list"]
    if len(blocks) > 50:
        return ["no more than 50 items allowed [json-pointer:/blocks]"]
    found = [f"{text} [json-pointer:/blocks/{number}]" for number, block in enumerate(blocks) for text in _block(block)]
    ids = [block["block_id"] for block in blocks if isinstance(block, dict) and "block_id" in block]
    actions = [one.get("action_id") for block in blocks if block.get("type") == "actions" for one in block["elements"]]
    for what, names in (("block_id", ids), ("action_id", actions)):
        if len(names) != len(set(names)):
            found.append(f"`{what}` is used twice")
        found += [f"`{what}` is too long" for name in names if len(str(name)) > 255]
    return found


def _block(block: Any) -> Found:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in _KEYS or kind == "button":
        yield f"unsupported type: {kind}"
        return
    yield from _unknown(block)
    match kind:
        case "header":
            yield from _text(block.get("text"), 150, ("plain_text",))
        case "section":
            yield from _section(block)
        case "context":
            yield from _count(block.get("elements"), 10)
            for element in block["elements"]:
                yield from _text(element, 3000)
        case "actions":
            yield from _count(block.get("elements"), 25)
            for element in block["elements"]:
                yield from _button(element)
        case _:
            pass


def _section(block: dict[str, Any]) -> Found:
    if "text" not in block and "fields" not in block:
        yield "missing text or fields"
    if "text" in block:
        yield from _text(block["text"], 3000)
    if "fields" in block:
        yield from _count(block["fields"], 10)
        for one in block["fields"]:
            yield from _text(one, 2000)


def _button(button: Any) -> Found:
    if button.get("type") != "button":
        yield f"unsupported element: {button.get('type')}"
        return
    yield from _unknown(button)
    yield from _text(button.get("text"), 75, ("plain_text",))
    if not button.get("action_id"):
        yield "missing action_id"
    if len(button.get("value", "")) > 2000:
        yield "value: must be less than 2001 characters"
    url = button.get("url", "https://x")
    if len(url) > 3000 or not url.startswith(("http://", "https://")):
        yield "invalid url"
    if button.get("style", "primary") not in ("primary", "danger"):
        yield "invalid style"


def _unknown(part: dict[str, Any]) -> Found:
    yield from (f"invalid additional property: {name}" for name in part.keys() - _KEYS[part["type"]])


def _count(elements: Any, most: int) -> Found:
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        yield f"must have between 1 and {most} items"


def _text(text: Any, longest: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Found:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"must be a text object of type {' or '.join(kinds)}"
        return
    extra = {"plain_text": {"emoji"}, "mrkdwn": {"verbatim"}}[text["type"]]
    yield from (f"invalid additional property: {name}" for name in text.keys() - {"type", "text"} - extra)
    if not 1 <= len(text.get("text", "")) <= longest:
        yield f"must be between 1 and {longest} characters"
