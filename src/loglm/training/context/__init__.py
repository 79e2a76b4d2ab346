"""Pretraining of the context encoder on the streams of entities."""
