"""Films where people read: the markup that shows one, for each program, with the files where that program looks."""
