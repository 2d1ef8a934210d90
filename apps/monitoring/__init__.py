"""What monitoring asks for: the metrics of everything, for Prometheus."""
