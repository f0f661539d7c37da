"""Tests of MLflow as a source."""
