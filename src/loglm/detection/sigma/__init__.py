"""Sigma rules on LogLM's events: loaded and compiled once, then matched at tens of thousands of events a second."""

from loglm.detection.sigma.examples import RuleExample
from loglm.detection.sigma.rules import DEFAULT_STATUSES, SigmaRules
from loglm.detection.sigma.specs import RuleSpec, SkippedRule

__all__ = ["DEFAULT_STATUSES", "RuleExample", "RuleSpec", "SigmaRules", "SkippedRule"]
