from __future__ import annotations

import pytest

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.aws_text import AwsText

OWNER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"


def parse(line: str) -> LogEvent:
    event = AwsText().parse(line, SourceLocation("aws.log", 1))
    assert event is not None
    return event


def test_aws_text_reads_flow_logs() -> None:
    event = parse("2 1234 eni-1235b8ca 1.2.3.4 5.6.7.8 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK")
    assert str(event.log_source) == "aws/vpcflow/flow"
    assert (event.timestamp, event.action) == (1418530010, "ACCEPT")
    assert (event.source_address, event.destination_address) == ("1.2.3.4", "5.6.7.8")
    assert event.attributes["dstport"] == "22"


def test_aws_text_reads_s3_access() -> None:
    event = parse(
        f"{OWNER} bucket-1 [06/Feb/2019:00:00:38 +0000] 1.2.3.4 arn:aws:iam::1:user/bob 3E57 REST.GET.OBJECT "
        'key.txt "GET /bucket-1/key.txt?x HTTP/1.1" 200 - 113 113 7 6 "-" "S3Console/0.4" -'
    )
    assert str(event.log_source) == "aws/s3_access/webserver"
    assert (event.user, event.source_address, event.action) == ("arn:aws:iam::1:user/bob", "1.2.3.4", "REST.GET.OBJECT")
    assert event.timestamp == 1549411238
    assert event.attributes["useragent"] == "S3Console/0.4"


@pytest.mark.parametrize("kind", ["https ", "h2 ", ""])
def test_aws_text_reads_load_balancers(kind: str) -> None:
    event = parse(
        f"{kind}2018-07-02T22:23:00.186641Z app/lb/50dc6c495c0c9188 1.2.3.4:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 "
        '0 57 "GET https://www.example.com:443/x?y=1 HTTP/1.1" "curl/7.46.0" - -'
    )
    assert str(event.log_source) == "aws/elb/webserver"
    assert (event.source_address, event.destination_address) == ("1.2.3.4", "10.0.0.1")
    assert (event.attributes["cs-uri-query"], event.attributes["sc-status"]) == ("y=1", 200)
    assert event.timestamp == 1530570180.186641


@pytest.mark.parametrize("line", ["", "all is OK", "2018-07-02T22:23:00.186641Z text", f"{OWNER} bucket"])
def test_aws_text_refuses_other_lines(line: str) -> None:
    assert AwsText().parse(line, SourceLocation("x")) is None
