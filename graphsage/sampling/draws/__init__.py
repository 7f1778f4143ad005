"""The draws, one file each: the rules by which the edges of a row are chosen."""
