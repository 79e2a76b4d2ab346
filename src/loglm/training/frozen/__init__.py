"""Networks on frozen event vectors, and encoders whose last layer is fine-tuned, for `loglm evaluate suite`."""
