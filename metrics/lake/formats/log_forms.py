"""How a line of an access log is written: nginx and Apache (common, combined, and with what people add), AWS balancers.

    203.0.113.9 - ada [20/Nov/2026:08:00:00 +0100] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8" 0.102

A line becomes a row with nginx' names: `remote_addr`, `time_local`, `request_method`, `request_uri`, `request_path`
(without its query string), `status`, …; a load balancer's has the names its documentation gives, and these of its
request.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

Row = dict[str, str | None]

_TEXT = r'(?:[^"\\]|\\.)*'
"""What stands between quotation marks."""
_QUOTED = rf'"({_TEXT})"'
_COMBINED = re.compile(
    r"(?:(?P<server_name>[\w.*_-]+(?::\d+)?) )?"
    r"(?P<remote_addr>[\w.:%_-]+(?:, ?[\w.:%_-]+)*) (?P<ident>\S+) (?P<remote_user>.{1,200}?) "
    rf'\[(?P<time_local>[^\]"]{{8,40}})\] "(?P<request>{_TEXT})" '
    r"(?P<status>\d{3}|-) (?P<body_bytes_sent>\d+|-)"
    rf'(?: "(?P<http_referer>{_TEXT})" "(?P<http_user_agent>{_TEXT})")?'
    r"(?P<more>.*)"
)
_ADDRESS = r"(?:\d{1,3}\.){3}\d{1,3}|(?:[0-9a-fA-F]{0,4}:){7}[0-9a-fA-F]{0,4}|[0-9a-fA-F:]*::[0-9a-fA-F:.]*"  # 4, and 6
_LATER = re.compile(rf"(?:^| )((?:{_ADDRESS}) \S+ \S)")
"""An address behind what stands first: the line begins there, and something has stamped it (CRI, syslog)."""
_NO_NAME = re.compile(r" - \S+$")
"""How the end of a line's beginning looks: no user's name has it."""
_REQUEST = re.compile(r"(?P<method>[A-Za-z_-]{2,20}) (?P<uri>\S.*?)(?: (?P<protocol>[A-Z]+/\d(?:\.\d)?))?")
_SCHEME = re.compile(r"[a-z]+://[^/?#]*")
_TOKEN = re.compile(rf"(?:(?P<key>[a-z_]+)[=:])?(?:{_QUOTED}|\[([^\]]*)\]|(\S+))", re.IGNORECASE)
_SECONDS = re.compile(r"\d+\.\d{3,6}")
_MILLISECONDS = re.compile(r"(\d+)ms")
_INGRESS = re.compile(
    r" (?P<request_length>\d+) (?P<request_time>\d+\.\d+) \[(?P<proxy_upstream_name>[^\]]*)\]"
    r"(?: \[(?P<proxy_alternative_upstream_name>[^\]]*)\])? (?P<upstream_addr>-|[\d.:\[\]a-f]+(?:, [\d.:\[\]a-f]+)*)"
    r" (?P<upstream_response_length>[-\d]+(?:, [-\d]+)*) (?P<upstream_response_time>[-\d.]+(?:, [-\d.]+)*)"
    r" (?P<upstream_status>[-\d]+(?:, [-\d]+)*)(?: (?P<req_id>\S+))?\s*"
)  # fmt: skip
"""What the ingress controller of Kubernetes adds."""
_SHORT: Mapping[str, str] = {
    "rt": "request_time", "request_time": "request_time", "urt": "upstream_response_time",
    "upstream_response_time": "upstream_response_time", "uct": "upstream_connect_time", "uht": "upstream_header_time",
    "cs": "upstream_cache_status", "host": "host", "xff": "http_x_forwarded_for",
}  # fmt: skip
"""What people call what they add."""
_ALB = (
    "type", "time", "elb", "client:port", "target:port", "request_processing_time", "target_processing_time",
    "response_processing_time", "elb_status_code", "target_status_code", "received_bytes", "sent_bytes", "request",
    "user_agent", "ssl_cipher", "ssl_protocol", "target_group_arn", "trace_id", "domain_name", "chosen_cert_arn",
    "matched_rule_priority", "request_creation_time", "actions_executed", "redirect_url", "error_reason",
    "target:port_list", "target_status_code_list", "classification", "classification_reason", "conn_trace_id",
    "transformed_host", "transformed_uri", "request_transform_status",
)  # fmt: skip
_ELB = (
    "time", "elb", "client:port", "backend:port", "request_processing_time", "backend_processing_time",
    "response_processing_time", "elb_status_code", "backend_status_code", "received_bytes", "sent_bytes", "request",
    "user_agent", "ssl_cipher", "ssl_protocol",
)  # fmt: skip
_BALANCED = re.compile(r"(?:(?:https?|h2|grpcs?|wss?) )?\d{4}-\d\d-\d\dT[\d:.]+Z \S+ [\d.:a-f\[\]]+ \S+ -?[\d.]+ ")
_FEWEST_OF_A_BALANCER = 12
_UNTIMED = "-1"
"""What a load balancer writes where it could not measure."""


@dataclass(frozen=True)
class Form:
    """A way to write a line."""

    name: str
    row: Callable[[str], Row | None]
    """What a line says; None where it is not of this form."""


def _combined(line: str) -> Row | None:
    found = _COMBINED.fullmatch(line)
    if found is None:
        return None
    later = _LATER.search(line, found.start("ident") - 1, found.end("remote_user"))
    if later:
        begins = later.start(1)
        row = _combined(line[begins:])
        return row and {**row, "stamp": line[:begins].strip()}
    if _NO_NAME.search(found["remote_user"]):
        return None
    row = found.groupdict()
    row.pop("ident")
    more = row.pop("more") or ""
    row.update(_request(row.pop("request") or ""))
    if more.strip():
        row.update(_added(more))
    return row


def _request(request: str) -> Row:
    """Method, URI, its path without the query string, protocol; what is no request is kept as it is."""
    found = _REQUEST.fullmatch(request)
    if found is None:
        return {"request_method": None, "request_uri": None, "request_path": None, "request": request}
    method, uri, protocol = found.group("method", "uri", "protocol")
    path = _SCHEME.sub("", uri, count=1) if "://" in uri else uri
    plain = path.split("?", 1)[0].split("#", 1)[0] or "/"
    return {"request_method": method, "request_uri": uri, "request_path": plain, "server_protocol": protocol}


def _added(more: str) -> Row:
    """What stands behind the user agent: times by their form, values by their keys, others by their place."""
    ingress = _INGRESS.fullmatch(more)
    if ingress:
        return ingress.groupdict()
    row: Row = {}
    times: list[str] = []
    for place, found in enumerate(_TOKEN.finditer(more), 1):
        key = found.group("key")
        value = next((group for group in found.groups()[1:] if group is not None), "")
        milliseconds = _MILLISECONDS.fullmatch(value)
        if key:
            row[_SHORT.get(key.lower(), key)] = value
        elif _SECONDS.fullmatch(value):
            times.append(value)
        elif milliseconds:
            row["duration_ms"] = milliseconds.group(1)
        else:
            row[f"extra_{place}"] = value
    if times:  # nginx counts the upstream's time within the request's
        row["request_time"] = max(times[:2], key=float)
    if len(times) > 1:
        row["upstream_response_time"] = min(times[:2], key=float)
        row.update({f"extra_time_{place}": time for place, time in enumerate(times[2:], 1)})
    return row


def _balanced(names: Sequence[str], line: str) -> Row | None:
    if _BALANCED.match(line) is None or line[:1].isdigit() != (names is _ELB):
        return None
    values = [found.group(1) if found.group(1) is not None else found.group(2) for found in _FIELD.finditer(line)]
    if len(values) < _FEWEST_OF_A_BALANCER:
        return None
    named = (*names, *(f"extra_{place}" for place in range(1, len(values) - len(names) + 1)))
    row: Row = dict(zip(named, values, strict=False))
    for name in row:
        if name.endswith("_processing_time") and row[name] == _UNTIMED:
            row[name] = None
    return {**row, **_request(row["request"] or "")}


_FIELD = re.compile(rf"{_QUOTED}|(\S+)")

FORMS = (
    Form("common or combined log format", _combined),
    Form("log format of an application load balancer", partial(_balanced, _ALB)),
    Form("log format of a classic load balancer", partial(_balanced, _ELB)),
)
