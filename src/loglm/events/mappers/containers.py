"""Records around a line of text: Syslog tables of a workspace, container logs with the metadata of their pod."""

from __future__ import annotations

from typing import Final

from loglm.events.event import LogSource
from loglm.events.mappers.fields import FieldMapper, first, has_keys

__all__ = ["MAPPERS"]

MAPPERS: Final = (
    FieldMapper(
        name="syslog-table",
        log_source=LogSource("linux", "syslog"),
        when=has_keys("SyslogMessage"),
        timestamp=first("EventTime", "TimeGenerated"),
        action=first("ProcessName"),
        host=first("HostName", "Computer"),
        source_address=first("HostIP"),
        process=first("ProcessName"),
        body=first("SyslogMessage"),
        service=first("ProcessName"),
    ),
    FieldMapper(
        name="container",
        log_source=LogSource("kubernetes", "container"),
        when=has_keys("kubernetes", any_of=("log", "message", "stream")),
        timestamp=first("time", "@timestamp", "timestamp", "date"),
        action=first("kubernetes/container_name", "kubernetes/container/name", "kubernetes/pod_name"),
        host=first("kubernetes/host", "kubernetes/node/name"),
        process=first("kubernetes/container_name", "kubernetes/container/name"),
        session=first("docker/container_id", "kubernetes/docker_id"),
        body=first("log", "message"),
    ),
    FieldMapper(
        name="docker",
        log_source=LogSource("docker", "container"),
        when=has_keys("log", any_of=("stream", "time", "attrs"), none_of=("log_type",)),
        timestamp=first("time"),
        action=first("attrs/tag"),
        body=first("log"),
    ),
)
