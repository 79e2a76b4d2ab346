"""Readers of the benchmark's data sets, one family a module."""
