"""Other logs of AWS: GuardDuty, Security Hub, VPC flow and DNS query logs, S3 access, WAF, network firewall."""

from __future__ import annotations

from typing import Final

from loglm.events.event import LogSource
from loglm.events.mappers.fields import FieldMapper, first, has_keys

__all__ = ["MAPPERS"]

MAPPERS: Final = (
    FieldMapper(
        name="guardduty",
        log_source=LogSource("aws", "guardduty"),
        when=has_keys("service", "type", "resource", any_of=("schemaVersion", "partition", "updatedAt")),
        timestamp=first("service/eventLastSeen", "updatedAt", "createdAt"),
        action=first("type"),
        user=first("resource/accessKeyDetails/userName"),
        host=first("resource/instanceDetails/instanceId"),
        source_address=first(
            "service/action/awsApiCallAction/remoteIpDetails/ipAddressV4",
            "service/action/networkConnectionAction/remoteIpDetails/ipAddressV4",
            "service/action/portProbeAction/portProbeDetails/remoteIpDetails/ipAddressV4",
        ),
        body=first("description"),
    ),
    FieldMapper(
        name="securityhub",
        log_source=LogSource("aws", "securityhub"),
        when=has_keys("AwsAccountId", "GeneratorId", any_of=("ProductArn", "SchemaVersion", "Title")),
        timestamp=first("LastObservedAt", "UpdatedAt", "CreatedAt"),
        action=first("Types", "Title"),
        source_address=first("Network/SourceIpV4", "Action/NetworkConnectionAction/RemoteIpDetails/IpAddressV4"),
        host=first("Resources/Id"),
        body=first("Description"),
    ),
    FieldMapper(
        name="vpcflow",
        log_source=LogSource("aws", "vpcflow", "flow"),
        when=has_keys(any_of=("srcAddr", "srcaddr", "pkt_srcaddr"), none_of=("query_name", "SrcAddr", "queryName")),
        timestamp=first("start", "@timestamp", "end", "time"),
        action=first("action"),
        source_address=first("srcAddr", "srcaddr", "pkt_srcaddr"),
        destination_address=first("dstAddr", "dstaddr", "pkt_dstaddr"),
        host=first("instanceId", "instance_id", "interfaceId", "interface_id", "interface-id"),
    ),
    FieldMapper(
        name="route53-resolver",
        log_source=LogSource("aws", "route53", "dns"),
        when=has_keys("query_name", "srcaddr"),
        timestamp=first("query_timestamp"),
        action=first("query_type"),
        source_address=first("srcaddr"),
        host=first("srcids/instance"),
    ),
    FieldMapper(
        name="s3-access",
        log_source=LogSource("aws", "s3_access", "webserver"),
        when=has_keys("bucket", any_of=("remoteip", "requester", "requesturi")),
        timestamp=first("time"),
        action=first("operation"),
        user=first("requester"),
        source_address=first("remoteip"),
    ),
    FieldMapper(
        name="aws-waf",
        log_source=LogSource("aws", "waf"),
        when=has_keys("webaclId", "httpRequest"),
        timestamp=first("timestamp"),
        action=first("action"),
        source_address=first("httpRequest/clientIp"),
        destination_address=first("httpSourceId"),
    ),
    FieldMapper(
        name="bedrock",
        log_source=LogSource("aws", "bedrock"),
        when=has_keys("modelId", "operation", any_of=("schemaType", "identity")),
        timestamp=first("timestamp"),
        action=first("operation"),
        user=first("identity/arn"),
    ),
)
