"""Names of fields as they are compared: products write one name in many ways."""

from __future__ import annotations

import re

__all__ = ["last_of", "plain"]

_NOT_PLAIN = re.compile(r"[^a-z0-9]")
_SECOND = re.compile(r"_\d{1,4}$")
"""What readers of tables add to the name of a column that has the name of another."""


def plain(name: str) -> str:
    """In lower case, without what is no letter or digit.

    >>> plain("kibana.alert.uuid")
    'kibanaalertuuid'
    """
    return _NOT_PLAIN.sub("", name.lower())


def last_of(name: str) -> str:
    """The same of the last of nested names, and of the second of two columns of one name.

    >>> last_of("kibana.alert.workflow_status"), last_of("verdict_4")
    ('workflowstatus', 'verdict')
    """
    return plain(_SECOND.sub("", name.rpartition(".")[2]))
