"""The layouts of files, one file each."""
