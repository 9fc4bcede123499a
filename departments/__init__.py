"""Departments and what they answer for."""

from departments.rule_tables import offer_tables

# Here, because it must come before whatever imports the library of rules.
offer_tables()
