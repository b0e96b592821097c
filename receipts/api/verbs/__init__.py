"""Writes: one POST per verb of the transition table, one service each."""
