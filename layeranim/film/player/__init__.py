"""The stepping player: a film, its words and its numbers in one page that asks nothing of a network."""
