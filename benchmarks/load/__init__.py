"""The load test: an office, programs and inspectors at work together; see docs/load.md."""
