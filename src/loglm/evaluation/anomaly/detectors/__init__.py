"""Detectors that the benchmark measures, simple ones first."""
