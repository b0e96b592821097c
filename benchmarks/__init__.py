"""How fast it is, as ratios: `make bench-P2` and so on. To be read with docs/performance.md."""
