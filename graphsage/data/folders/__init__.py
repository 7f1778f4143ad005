"""Dataset folders: an array a file, opened by memory map."""
