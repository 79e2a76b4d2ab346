"""MITRE ATT&CK Enterprise v18.1: technique names, tactics and replaced ids, as data."""

from __future__ import annotations

from loglm.attack.catalog import ATTACK_VERSION, Tactic, Technique, current_id, tactic, tactics, technique, techniques

__all__ = ["ATTACK_VERSION", "Tactic", "Technique", "current_id", "tactic", "tactics", "technique", "techniques"]
