"""Criteria of rules: written by people, compiled once, evaluated over payloads at a bounded cost. No Django models."""

from apps.rules.criteria.compile import compile_criteria
from apps.rules.criteria.errors import InvalidCriteria
from apps.rules.criteria.evaluate import Compiled, Outcome
from apps.rules.criteria.explain import Failed, Finding
from apps.rules.criteria.operators import OPERATORS, SEARCH_CONDITIONS, Operator
from apps.rules.criteria.patterns import Dialect

__all__ = [
    "OPERATORS",
    "SEARCH_CONDITIONS",
    "Compiled",
    "Dialect",
    "Failed",
    "Finding",
    "InvalidCriteria",
    "Operator",
    "Outcome",
    "compile_criteria",
]
