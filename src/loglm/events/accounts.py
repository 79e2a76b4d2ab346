"""The cloud account in which an event happened: of AWS its number, an Azure subscription, a Google Cloud project."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from loglm.events.event import LogEvent

__all__ = ["cloud_account"]

_AWS: Final = (
    ("recipientAccountId",),
    ("RecipientAccountId",),
    ("userIdentity", "accountId"),
    ("UserIdentityAccountId",),
    ("accountId",),
    ("AccountId",),
    ("account-id",),
    ("account_id",),
)
_AZURE: Final = (("subscriptionId",), ("SubscriptionId",))
_AZURE_RESOURCES: Final = (("resourceId",), ("ResourceId",), ("_ResourceId",), ("resourceid",))
_GOOGLE: Final = (("resource", "labels", "project_id"),)
_COMMON: Final = (
    ("cloud", "account", "uid"),
    ("cloud", "account", "id"),
    ("cloud.account.uid",),
    ("cloud.account.id",),
)
_SUBSCRIPTION = re.compile(r"(?i)^/subscriptions/([^/]{1,64})")
_PROJECT = re.compile(r"^projects/([^/]{1,64})/")
_GOOGLE_PRODUCTS: Final = ("gcp", "google")


def cloud_account(event: LogEvent) -> str | None:
    """The account that an event is of, as its log names it; None where it names none.

    Of CloudTrail the account whose trail recorded it (``recipientAccountId``), else that of who acted. Azure's
    subscriptions are also read from the id of a resource, Google Cloud's projects from the name of the log. OCSF and
    ECS name an account of any cloud (``cloud.account.uid``, ``cloud.account.id``).
    """
    attributes, product = event.attributes, event.log_source.product
    common = _first(attributes, _COMMON)
    if common is not None:
        return common
    if product == "aws":
        return _first(attributes, _AWS)
    if product in _GOOGLE_PRODUCTS:
        return _first(attributes, _GOOGLE) or _matched(_PROJECT, _first(attributes, (("logName",),)))
    subscription = _first(attributes, _AZURE) or _matched(_SUBSCRIPTION, _first(attributes, _AZURE_RESOURCES))
    return None if subscription is None else subscription.lower()


def _first(attributes: Mapping[str, Any], paths: tuple[tuple[str, ...], ...]) -> str | None:
    """The first of some places that holds a name or a number."""
    for path in paths:
        value: Any = attributes
        for key in path:
            value = value.get(key) if value.__class__ is dict else None
        if value.__class__ is int and value >= 0:
            return f"{value:012}"  # AWS's numbers have twelve digits, of which JSON's numbers lose leading zeros
        if value.__class__ is str and value not in ("", "-"):
            return str(value)
    return None


def _matched(pattern: re.Pattern[str], text: str | None) -> str | None:
    found = None if text is None else pattern.match(text)
    return None if found is None else found.group(1)
