"""Tests of baselines and health states."""
