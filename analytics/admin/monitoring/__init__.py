"""The pages of monitoring: the state, its numbers in time, the programs, receipts in danger."""
