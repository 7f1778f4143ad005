"""What the files in the folder of a run are called."""

CONFIG, RESULT, REPORT = "config.toml", "result.json", "report.html"
LATEST = "checkpoint.pt"  # the checkpoint to go on from
METRICS_FILE = "metrics.jsonl"
MODEL, DESCRIPTION = "model.safetensors", "model.json"
