"""Anomaly detectors on labelled sequences of events: data sets, protocol, detectors, figures."""
