"""Programs that measure: `python -m benchmarks.NAME` from the checkout; see README.md."""
