"""Anomaly detection on frozen embeddings, and by encoders whose last layer is fine-tuned."""
