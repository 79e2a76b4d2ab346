"""AWS CloudTrail management events of an account whose console password was stolen.

Field names and values are those of real events of the same names. Account numbers, keys, addresses and names are
made up; the addresses are from the ranges kept for documentation.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from simulation.story import Mark, Story, stamp

_ACCOUNT = "123456789012"
_OFFICE = ("192.0.2.14", "192.0.2.15")
_BUILD = "192.0.2.80"
_FOREIGN = "203.0.113.199"
_BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36"
)
_FOREIGN_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_CLI = "aws-cli/2.22.35 md/awscrt#0.23.4 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.12.6"
_TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 terraform-provider-aws/5.76.0 aws-sdk-go-v2/1.32.5"
_HOSTS = {"signin": "eu-west-1.signin.aws.amazon.com", "iam": "iam.amazonaws.com", "s3": "s3.eu-west-1.amazonaws.com"}
_GLOBAL = ("iam", "signin", "sts")
_READS = (
    ("ec2", "DescribeInstances", {"maxResults": 100, "instancesSet": {}, "filterSet": {}}),
    ("ec2", "DescribeSecurityGroups", {"securityGroupSet": {}, "securityGroupIdSet": {}, "filterSet": {}}),
    ("s3", "ListBuckets", {"Host": "s3.eu-west-1.amazonaws.com"}),
    ("s3", "GetBucketLocation", {"bucketName": "shop-assets", "location": "", "Host": "s3.eu-west-1.amazonaws.com"}),
    ("cloudwatch", "DescribeAlarms", {"maxRecords": 100}),
    ("logs", "DescribeLogGroups", {"limit": 50}),
    ("rds", "DescribeDBInstances", {"maxRecords": 100}),
    ("iam", "GetAccountSummary", None),
)
_PLANS = (
    ("ec2", "DescribeVpcs", {"vpcSet": {}, "filterSet": {}}),
    ("iam", "GetRole", {"roleName": "shop-web"}),
    ("s3", "GetBucketPolicy", {"bucketName": "shop-assets", "policy": "", "Host": "shop-assets.s3.amazonaws.com"}),
    ("cloudtrail", "DescribeTrails", {"includeShadowTrails": False, "trailNameList": ["main"]}),
)


class Account:
    """Writes the events of one account into a story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._ids: dict[str, str] = {}

    def identifier(self, prefix: str, of: str) -> str:
        """A made-up unique id or access key id, the same for the same thing; it says EXAMPLE in its end."""
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        draw = "".join(self.story.rng.choice(letters) for _ in range(9))
        return self._ids.setdefault(prefix + of, f"{prefix}{draw}EXAMPLE")

    def user(self, name: str, *, mfa: bool = True, key: bool = False) -> dict[str, Any]:
        """userIdentity of an IAM user, with a console session or an access key."""
        identity: dict[str, Any] = {
            "type": "IAMUser",
            "principalId": self.identifier("AIDA", name),
            "arn": f"arn:aws:iam::{_ACCOUNT}:user/{name}",
            "accountId": _ACCOUNT,
            "accessKeyId": self.identifier("AKIA" if key else "ASIA", name),
            "userName": name,
        }
        if not key:
            attributes = {
                "creationDate": stamp(self.story.at(3), "%Y-%m-%dT%H:%M:%SZ"),
                "mfaAuthenticated": str(mfa).lower(),
            }
            identity["sessionContext"] = {"attributes": attributes}
        return identity

    def role(self, name: str, session: str) -> dict[str, Any]:
        """userIdentity of a session of a role."""
        unique = self.identifier("AROA", name)
        issuer = {
            "type": "Role",
            "principalId": unique,
            "arn": f"arn:aws:iam::{_ACCOUNT}:role/{name}",
            "accountId": _ACCOUNT,
            "userName": name,
        }
        attributes = {"creationDate": stamp(self.story.at(0), "%Y-%m-%dT%H:%M:%SZ"), "mfaAuthenticated": "false"}
        return {
            "type": "AssumedRole",
            "principalId": f"{unique}:{session}",
            "arn": f"arn:aws:sts::{_ACCOUNT}:assumed-role/{name}/{session}",
            "accountId": _ACCOUNT,
            "accessKeyId": self.identifier("ASIA", name),
            "sessionContext": {"sessionIssuer": issuer, "attributes": attributes},
        }

    def event(
        self,
        time: float,
        service: str,
        name: str,
        identity: dict[str, Any],
        source: tuple[str, str],
        request: dict[str, Any] | None,
        response: dict[str, Any] | None = None,
        mark: Mark | None = None,
        **more: Any,
    ) -> None:
        """One API call; ``source`` is the caller's address and user agent."""
        record = {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": stamp(time, "%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": "us-east-1" if service in _GLOBAL else "eu-west-1",
            "sourceIPAddress": source[0],
            "userAgent": source[1],
            "requestParameters": request,
            "responseElements": response,
            "requestID": self.story.uuid(),
            "eventID": self.story.uuid(),
            "readOnly": name.startswith(("Get", "List", "Describe", "AssumeRole")),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": _ACCOUNT,
            "eventCategory": "Management",
            "tlsDetails": {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": _HOSTS.get(service, f"{service}.eu-west-1.amazonaws.com"),
            },
        }
        self.story.add(time, record | more, mark)

    def console_login(
        self, time: float, name: str, source: tuple[str, str], *, mfa: bool, mark: Mark | None = None
    ) -> None:
        identity = {
            field: value for field, value in self.user(name).items() if field not in ("accessKeyId", "sessionContext")
        }
        details = {
            "LoginTo": "https://console.aws.amazon.com/console/home?region=eu-west-1",
            "MobileVersion": "No",
            "MFAUsed": "Yes" if mfa else "No",
        }
        more = {"eventType": "AwsConsoleSignIn", "additionalEventData": details}
        self.event(time, "signin", "ConsoleLogin", identity, source, None, {"ConsoleLogin": "Success"}, mark, **more)


def _ordinary(account: Account, minutes: int) -> None:
    """People at the console, a build machine running Terraform, a web server assuming its role."""
    story, rng = account.story, account.story.rng
    for name, office in zip(("lena", "marek"), _OFFICE, strict=True):
        account.console_login(story.at(4 + 20 * rng.random()), name, (office, _BROWSER), mfa=True)
        for _ in range(14):
            service, call, request = rng.choice(_READS)
            account.event(
                story.at(30 + (minutes - 30) * rng.random()),
                service,
                call,
                account.user(name),
                (office, _BROWSER),
                request,
            )
    for plan in range(3):
        for number, (service, call, request) in enumerate(_PLANS):
            time = story.at(40 + 90 * plan) + number
            account.event(time, service, call, account.role("terraform", "build-311"), (_BUILD, _TERRAFORM), request)
    for hour in range(minutes // 60):
        request = {"roleArn": f"arn:aws:iam::{_ACCOUNT}:role/shop-web", "roleSessionName": f"i-0a1b2c3d4e5f{hour:05x}"}
        service_identity = {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
        source = ("ec2.amazonaws.com", "ec2.amazonaws.com")
        account.event(story.at(60 * hour + 9), "sts", "AssumeRole", service_identity, source, request)
        secret = {"secretId": "shop/database"}
        server = ("192.0.2.90", "Boto3/1.35.70 md/Botocore#1.35.70 ua/2.0 os/linux#6.1.0 lang/python#3.12.6")
        account.event(
            story.at(60 * hour + 9.1),
            "secretsmanager",
            "GetSecretValue",
            account.role("shop-web", "i-0a1b2c3d"),
            server,
            secret,
        )
    _near_misses(account)


def _near_misses(account: Account) -> None:
    """An administrator gives a new colleague an account, and renews the build machine's key."""
    story = account.story
    admin, office = account.user("lena"), (_OFFICE[0], _BROWSER)
    account.event(
        story.at(75), "iam", "CreateUser", admin, office, {"userName": "ines"}, {"user": {"userName": "ines"}}
    )
    policy = {"userName": "ines", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    account.event(story.at(75.4), "iam", "AttachUserPolicy", admin, office, policy)
    key = {"accessKeyId": account.identifier("AKIA", "build"), "status": "Active", "userName": "build"}
    account.event(story.at(190), "iam", "CreateAccessKey", admin, office, {"userName": "build"}, {"accessKey": key})


def _attack(account: Account) -> None:
    story = account.story
    thief, console, shell = account.user("marek", mfa=False), (_FOREIGN, _FOREIGN_BROWSER), (_FOREIGN, _CLI)
    mark = Mark("T1078.004", "initial-access", "logs in as marek from an address never seen, without MFA")
    account.console_login(story.at(251), "marek", console, mfa=False, mark=mark)

    mark = Mark("T1087.004", "discovery", "lists users, keys and rights")
    for number, (call, request) in enumerate(
        (
            ("ListUsers", {"maxItems": 1000}),
            ("ListAccessKeys", {"userName": "deploy"}),
            ("GetAccountAuthorizationDetails", None),
        )
    ):
        account.event(story.at(252 + 0.4 * number), "iam", call, thief, console, request, mark=mark)

    mark = Mark("T1098.001", "persistence", "makes an access key for another user, deploy")
    key = {"accessKeyId": account.identifier("AKIA", "deploy"), "status": "Active", "userName": "deploy"}
    account.event(
        story.at(255), "iam", "CreateAccessKey", thief, console, {"userName": "deploy"}, {"accessKey": key}, mark
    )

    mark = Mark("T1098.003", "privilege-escalation", "gives deploy AdministratorAccess")
    policy = {"userName": "deploy", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    account.event(story.at(256), "iam", "AttachUserPolicy", thief, console, policy, mark=mark)

    deploy = account.user("deploy", key=True)
    mark = Mark("T1033", "discovery", "asks who the new key is")
    account.event(story.at(259), "sts", "GetCallerIdentity", deploy, shell, None, mark=mark)

    mark = Mark("T1562.008", "defense-evasion", "stops the trail")
    trail = {"name": f"arn:aws:cloudtrail:eu-west-1:{_ACCOUNT}:trail/main"}
    account.event(story.at(260), "cloudtrail", "StopLogging", deploy, shell, trail, mark=mark)

    mark = Mark("T1555.006", "credential-access", "reads the secrets")
    account.event(story.at(262), "secretsmanager", "ListSecrets", deploy, shell, {"maxResults": 100}, mark=mark)
    for number, secret in enumerate(("shop/database", "shop/payment", "mail/relay")):
        request = {"secretId": secret}
        account.event(
            story.at(262.3 + 0.1 * number), "secretsmanager", "GetSecretValue", deploy, shell, request, mark=mark
        )

    mark = Mark("T1136.003", "persistence", "makes a user of its own with a console password")
    request = {"userName": "support-ops"}
    account.event(story.at(265), "iam", "CreateUser", deploy, shell, request, {"user": request}, mark)
    profile = {"passwordResetRequired": False, "userName": "support-ops"}
    account.event(story.at(265.3), "iam", "CreateLoginProfile", deploy, shell, profile, {"loginProfile": profile}, mark)

    mark = Mark("T1496.001", "impact", "starts large machines in a region never used")
    items = {"items": [{"imageId": "ami-0123456789abcdef0", "minCount": 8, "maxCount": 8}]}
    request = {"instancesSet": items, "instanceType": "p4d.24xlarge", "monitoring": {"enabled": False}}
    account.event(story.at(270), "ec2", "RunInstances", deploy, shell, request, None, mark, awsRegion="ap-southeast-1")


def write(seed: int) -> tuple[str, Story]:
    """The log as one JSON document with a record a line, and the story behind it."""
    story = Story(seed, datetime(2026, 3, 18, 7, 0, tzinfo=UTC))
    account = Account(story)
    _ordinary(account, 300)
    _attack(account)
    lines = ",\n".join(json.dumps(record, separators=(",", ":")) for _, record, _ in story.in_order())
    return f'{{"Records":[\n{lines}\n]}}\n', story
