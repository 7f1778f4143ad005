"""What the files in the folder of a run are called."""

RUNS = "runs"  # where folders of runs are made, beside where the command is given
CONFIG, RESULT, REPORT = "config.toml", "result.json", "report.html"
LATEST = "checkpoint.pt"  # the checkpoint to go on from
METRICS_FILE = "metrics.jsonl"
MODEL, DESCRIPTION = "model.safetensors", "model.json"
#: Of epochs in METRICS_FILE, where features stay on the disk: what was read of them.
READS = ("rows_asked", "rows_kept", "bytes_read")
