"""Simulated logs of systems that cannot run here: made-up records in the form of real ones."""
