"""The ATT&CK head: what it learns from, how it is trained, calibrated and fine-tuned."""
