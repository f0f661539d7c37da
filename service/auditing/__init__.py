"""Audits: evaluated in a process of their own, under a deadline, once for all who ask the same."""
