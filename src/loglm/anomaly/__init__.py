"""Unusual behaviour of entities over time: what differs from a baseline, and traffic that calls home."""
