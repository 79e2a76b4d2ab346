"""Whether an object is valid by an extract of OCSF's schema 1.6.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCHEMA = json.loads((Path(__file__).parent / "reports" / "ocsf_1_6_0.json").read_text(encoding="utf-8"))["objects"]
PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "integer_t": int,
    "long_t": int,
    "timestamp_t": int,
    "boolean_t": bool,
    "float_t": float,
    "object": dict,
    "json_t": (dict, list, str),
}


def problems(value: dict[str, Any], name: str, path: str) -> list[str]:
    """What is wrong with an object according to the extract of the schema."""
    attributes = SCHEMA[name]["attributes"]
    found = [
        f"{path}: {key} is required" for key, rule in attributes.items() if rule.get("required") and key not in value
    ]
    at_least_one = SCHEMA[name]["constraints"].get("at_least_one")
    if at_least_one and not set(at_least_one) & value.keys():
        found.append(f"{path}: needs one of {at_least_one}")
    for key, item in value.items():
        if key not in attributes:
            found.append(f"{path}: {key} is not an attribute")
        else:
            found += attribute_problems(item, attributes[key], f"{path}.{key}")
    return found


def attribute_problems(value: Any, rule: dict[str, Any], path: str) -> list[str]:
    """What is wrong with one attribute's value."""
    if rule.get("deprecated"):
        return [f"{path}: deprecated"]
    if rule.get("list"):
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        single = {key: fact for key, fact in rule.items() if key != "list"}
        return [
            text for number, item in enumerate(value) for text in attribute_problems(item, single, f"{path}[{number}]")
        ]
    if rule["type"] in SCHEMA:
        return problems(value, rule["type"], path)
    expected = PYTHON_TYPES.get(rule["type"], str)
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        return [f"{path}: {value!r} is not {rule['type']}"]
    if rule.get("enum") and rule["type"] == "integer_t" and not path.endswith(("class_uid", "category_uid")):
        return [] if str(value) in rule["enum"] else [f"{path}: {value} is not in the enum"]
    return []
