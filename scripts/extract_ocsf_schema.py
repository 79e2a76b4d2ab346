"""Write tests/reports/ocsf_1_6_0.json: the attributes of the OCSF classes and objects that LogLM writes.

    pip install pydantic-ocsf==3.0.0 --target DIR
    python scripts/extract_ocsf_schema.py DIR/ocsf/schemas/v1_6_0.json tests/reports/ocsf_1_6_0.json

The input is the OCSF 1.6.0 schema (github.com/ocsf/ocsf-schema, Apache-2.0) as that package carries it. For
each attribute the output has its type, whether it is a list, required or deprecated, and the values of its
enum; base classes and the attribute dictionary are resolved.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

EVENT = "detection_finding"
OBJECTS = (
    "analytic attack device enrichment evidences finding_info metadata network_endpoint observable product "
    "resource_details sub_technique tactic technique user"
).split()


def resolve(schema: dict[str, Any], kind: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Attributes and constraints of a class or object, those that it inherits included."""
    definition = schema[kind].get(name, {"attributes": {}})
    parent = definition.get("extends", "object").split("/")[-1]
    attributes, constraints = resolve(schema, kind, parent) if parent != "object" else ({}, {})
    for key, value in definition["attributes"].items():
        if key != "$include":
            attributes[key] = {**attributes.get(key, {}), **value}
            if "enum" in attributes[key] and "enum" in value:
                attributes[key]["enum"] = {**attributes[key]["enum"], **value["enum"]}
    return attributes, {**constraints, **definition.get("constraints", {})}


def compact(key: str, attribute: dict[str, Any], dictionary: dict[str, Any]) -> dict[str, Any]:
    """What a validator needs to know of one attribute; what is not said is a single optional value."""
    general = dictionary.get(key, {})
    enum = {**general.get("enum", {}), **attribute.get("enum", {})}
    facts = {
        "type": attribute.get("type", general.get("type")),
        "list": bool(general.get("is_array")),
        "required": attribute.get("requirement") == "required",
        "deprecated": "@deprecated" in general or "@deprecated" in attribute,
        "enum": {value: entry["caption"] for value, entry in enum.items()},
    }
    return {name: fact for name, fact in facts.items() if fact}


def dump(document: dict[str, Any]) -> str:
    """JSON with one attribute a line."""
    blocks = []
    for name, found in document["objects"].items():
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found["attributes"].items())
        constraints = json.dumps(found["constraints"])
        blocks.append(f'{json.dumps(name)}: {{"constraints": {constraints}, "attributes": {{\n{lines}\n}}}}')
    return f'{{"version": {json.dumps(document["version"])}, "objects": {{\n' + ",\n".join(blocks) + "\n}}\n"


def main() -> None:
    schema = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    dictionary = schema["dictionary"]["attributes"]
    found = {}
    for kind, names in (("events", [EVENT]), ("objects", OBJECTS)):
        for name in names:
            attributes, constraints = resolve(schema, kind, name)
            described = {key: compact(key, value, dictionary) for key, value in sorted(attributes.items())}
            found[name] = {"attributes": described, "constraints": constraints}
    observable = found["observable"]["attributes"]["type_id"]["enum"]
    for entry in schema["dictionary"]["types"]["attributes"].values():
        if "observable" in entry:
            observable[str(entry["observable"])] = entry["caption"]
    Path(sys.argv[2]).write_text(dump({"version": "1.6.0", "objects": found}), encoding="utf-8")


if __name__ == "__main__":
    main()
