"""A fleet that the project makes itself: workloads, usage and latency, deterministic, for the demo, tests and benchmarks."""
