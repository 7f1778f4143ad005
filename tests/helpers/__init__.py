"""What several tests share: made graphs and files, statistics, drivers of command lines."""
