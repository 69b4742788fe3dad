"""Access logs of web servers and load balancers, and logs that name their fields."""

import gzip
from pathlib import Path

import pytest

from metrics.lake.problems import Unreadable
from tests.metrics.lake.formats.reading import read, read_text, written

REQUEST = '203.0.113.9 - ada [20/Nov/2026:08:00:00 +0100] "GET /a?b=1 HTTP/1.1" 502 512'
COMMON = {
    "remote_addr": "203.0.113.9", "remote_user": "ada", "time_local": "20/Nov/2026:08:00:00 +0100",
    "request_method": "GET", "request_uri": "/a?b=1", "request_path": "/a", "server_protocol": "HTTP/1.1",
    "status": "502", "body_bytes_sent": "512",
}  # fmt: skip
COMBINED = {**COMMON, "http_user_agent": "Mozilla/5.0 (X11)"}
AGENT = ' "-" "Mozilla/5.0 (X11)"'
ALB = (
    "https 2026-11-20T08:00:00.186641Z app/lb/50dc 192.0.2.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "
    '"GET https://www.example.com:443/a/b?c=d HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
    'arn:aws:x "Root=1-5833" "www.example.com" "arn:aws:acm:y" 1 2026-11-20T08:00:00.100000Z "forward" "-" "-" '
    '"10.0.0.1:80" "200" "-" "-" TID_1'
)
UNSERVED = ALB.replace("10.0.0.1:80 0.086 0.048 0.037 200 200", "- -1 -1 -1 503 -")


def said(path_or_text: str, folder: Path, name: str = "access.log") -> list[dict[str, str]]:
    """Rows of a file without what is nothing in them."""
    found = read_text(folder, path_or_text, name)
    assert found.broken == ()
    return [{name: value for name, value in row.items() if value is not None} for row in found.rows.to_dicts()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (REQUEST, COMMON),
        (REQUEST + AGENT, COMBINED),
        (REQUEST + AGENT + " 0.102", {**COMBINED, "request_time": "0.102"}),
        (REQUEST + AGENT + " 0.102 0.100", {**COMBINED, "request_time": "0.102", "upstream_response_time": "0.100"}),
        (REQUEST + AGENT + " 0.100 0.102", {**COMBINED, "request_time": "0.102", "upstream_response_time": "0.100"}),
        (REQUEST + AGENT + ' rt=0.102 urt="0.100"',
         {**COMBINED, "request_time": "0.102", "upstream_response_time": "0.100"}),
        (REQUEST + AGENT + ' "192.0.2.1" 0.102', {**COMBINED, "extra_1": "192.0.2.1", "request_time": "0.102"}),
        (REQUEST + AGENT + " 5123", {**COMBINED, "extra_1": "5123"}),
        (REQUEST + AGENT + ' 42 "router" "http://10.0.0.1" 5ms',
         {**COMBINED, "extra_1": "42", "extra_2": "router", "extra_3": "http://10.0.0.1", "duration_ms": "5"}),
        (REQUEST + AGENT + " 250 0.003 [default-web-80] [] 10.1.1.2:8080 612 0.002 200 7a1b",
         {**COMBINED, "request_length": "250", "request_time": "0.003", "proxy_upstream_name": "default-web-80",
          "upstream_addr": "10.1.1.2:8080", "upstream_response_length": "612", "upstream_response_time": "0.002",
          "upstream_status": "200", "req_id": "7a1b"}),
        ("www.example.com:443 " + REQUEST, {**COMMON, "server_name": "www.example.com:443"}),
        (REQUEST.replace("203.0.113.9", "10.0.0.1, 10.0.0.2"), {**COMMON, "remote_addr": "10.0.0.1, 10.0.0.2"}),
        (REQUEST.replace("203.0.113.9", "2001:db8::1"), {**COMMON, "remote_addr": "2001:db8::1"}),
        (REQUEST.replace("/a?b=1", "http://h.example/a?b=1"), {**COMMON, "request_uri": "http://h.example/a?b=1"}),
        (REQUEST.replace('GET /a?b=1 HTTP/1.1', r'\x16\x03"'.replace('"', r"\"")),
         {**{name: value for name, value in COMMON.items() if "request" not in name and "protocol" not in name},
          "request": r"\x16\x03\""}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["access.log", "access.txt", "access", "access.log.1"])
def test_a_line_of_nginx_or_apache_has_the_names_of_nginx(
    line: str, expected: dict[str, str], name: str, tmp_path: Path
) -> None:
    assert said(line + "\n", tmp_path, name) == [expected]


def test_a_line_that_is_none_is_rejected_by_itself(tmp_path: Path) -> None:
    found = read_text(tmp_path, f"{REQUEST}{AGENT}\nrotated\n\n{REQUEST}{AGENT}\n", "access.log")
    assert (found.rows.height, found.reasons) == (2, ["not a line of the common or combined log format"])
    assert [number for number, _, _ in found.broken] == [1]


def test_lines_of_a_load_balancer_have_their_documented_names(tmp_path: Path) -> None:
    served, unserved = said(f"{ALB}\n{UNSERVED}\n", tmp_path)
    assert {name: served[name] for name in ("time", "target:port", "target_processing_time", "elb_status_code")} == {
        "time": "2026-11-20T08:00:00.186641Z", "target:port": "10.0.0.1:80", "target_processing_time": "0.048",
        "elb_status_code": "200",
    }  # fmt: skip
    assert (served["request_path"], served["request_method"], served["user_agent"]) == ("/a/b", "GET", "curl/7.46.0")
    assert served["conn_trace_id"] == "TID_1"
    assert unserved["elb_status_code"] == "503"
    assert not {"target:port", "target_processing_time", "target_status_code"} & unserved.keys()


def test_a_classic_load_balancer_has_no_type(tmp_path: Path) -> None:
    line = "2026-11-20T08:00:00Z my-lb 192.0.2.3:2817 10.0.0.1:80 0.01 0.02 0.03 200 201 0 29 "
    line += '"GET http://h:80/ HTTP/1.1" "c" - -'
    (row,) = said(line, tmp_path)
    assert (row["elb"], row["backend_status_code"], row["request_path"]) == ("my-lb", "201", "/")


def test_cloudfront_names_its_fields_and_separates_values_by_tabs(tmp_path: Path) -> None:
    content = (
        "#Version: 1.0\n#Fields: date time sc-status cs-uri-stem cs(User-Agent) time-taken\n"
        "2026-11-20\t08:00:00\t200\t/a\tMozilla/5.0%2520(X11)\t0.001\n2026-11-20\t08:00:01\t500\n"
        "#Fields: date time sc-status\n2026-11-20\t08:00:02\t-\n"
    )
    found = read(written(tmp_path / "E1.2026-11-20-08.abc.gz", gzip.compress(content.encode())))
    assert found.rows.rows() == [
        ("2026-11-20", "08:00:00", "200", "/a", "Mozilla/5.0 (X11)", "0.001"),
        ("2026-11-20", "08:00:02", None, None, None, None),
    ]
    assert found.reasons == ["3 fields; expected 6, as its #Fields say"]


def test_iis_and_quoted_w3c_values_are_separated_by_blanks(tmp_path: Path) -> None:
    content = (
        "#Software: Microsoft Internet Information Services 10.0\n"
        "#Fields: date time cs-uri-stem cs(User-Agent) sc-status\n"
        "2026-11-20 08:00:00 /a Mozilla/5.0+(Windows+NT) 200\n"
        '2026-11-20 08:00:01 /a "Mozilla/5.0 ""x"" y" 404\n'
    )
    assert [row["cs(User-Agent)"] for row in said(content, tmp_path)] == [
        "Mozilla/5.0 (Windows NT)",
        'Mozilla/5.0 "x" y',
    ]


def test_zeek_names_its_fields_too(tmp_path: Path) -> None:
    content = "#separator \\x09\n#fields\tts\tuid\n#types\ttime\tstring\n1777629600.5\tC1\n#close\t2026\n"
    assert said(content, tmp_path) == [{"ts": "1777629600.5", "uid": "C1"}]


def test_lines_stamped_with_a_time_are_rows_as_docker_has_them(tmp_path: Path) -> None:
    found = read_text(tmp_path, '2026-05-01T10:00:00.1Z {"a": 1}\nnothing\n2026-05-01T10:00:01Z hello\n' * 3, "a.log")
    assert found.rows.columns == ["time", "log"]
    assert found.rows["log"].to_list() == ['{"a": 1}', "hello"] * 3
    assert [number for number, _, _ in found.broken] == [1, 4, 7]


def test_pieces_are_put_together_stream_by_stream(tmp_path: Path) -> None:
    stamp = "2026-05-01T10:00:00Z"
    lines = ['stdout P {"a"', "stderr P {", "stdout F : 1}", 'stdout F {"b": 2}']
    found = read_text(tmp_path, "".join(f"{stamp} {line}\n" for line in lines), "a.log")
    assert found.rows["log"].to_list() == ['{"a": 1}', '{"b": 2}']
    assert found.reasons == ["the last piece of the line is missing: the file is cut off"]


@pytest.mark.parametrize("line", ['2026-05-01 10:00:00 {"a": 1}', "2026-05-01T10:00:00Z hello"])
def test_a_stamp_without_a_zone_and_lines_without_json_are_no_such_log(line: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        read_text(tmp_path, f"{line}\n" * 3, "a.log")


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-20T08:00:00.1Z stdout F",
        "2026-11-20T08:00:00.1Z",
        "Nov 20 08:00:00 web1 nginx[12]:",
        "web-1 |",
    ],
)
@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::1"])
def test_what_stamps_a_line_is_no_part_of_it(stamp: str, address: str, tmp_path: Path) -> None:
    (row,) = said(f"{stamp} {REQUEST.replace('203.0.113.9', address)}\n", tmp_path)
    assert row == {**COMMON, "remote_addr": address, "stamp": stamp}


def test_a_stamped_line_of_a_host_with_a_name_has_no_user_called_so(tmp_path: Path) -> None:
    line = REQUEST.replace("203.0.113.9", "host.example")
    with pytest.raises(Unreadable):
        read_text(tmp_path, f"2026-11-20T08:00:00.1Z stdout F {line}\n" * 3, "a.log")
