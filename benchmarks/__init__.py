"""Figures as ratios, measured in one run on PostgreSQL. `make bench`; see `docs/benchmarks.md`."""
