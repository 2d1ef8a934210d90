"""Rules, their versions, what they said of events, and what came of it."""

from apps.rules.models.enforcement import Enforcement, Verdicts
from apps.rules.models.rule import Rule, RuleVersion

__all__ = ["Enforcement", "Rule", "RuleVersion", "Verdicts"]
