"""I/O in: usage and objects from Prometheus, Kubernetes or a recording, as one Observation."""
