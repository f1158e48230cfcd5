"""The parts of a stage: each file holds what a film declares of one, how much room it needs, and how it acts."""
