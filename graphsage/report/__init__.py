"""Floor 5: report.html and its figures."""
