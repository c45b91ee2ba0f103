"""What the tests, benchmarks and pictures share: a browser and a running dashboard."""
