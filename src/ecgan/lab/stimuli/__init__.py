"""Graded sets of stimuli: expressions in steps, matched in light, with their manifest."""
