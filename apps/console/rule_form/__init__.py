"""The form of a rule: its trigger and action by their schemas, its criteria as rows or as JSON."""

from apps.console.rule_form.form import RuleForm

__all__ = ["RuleForm"]
