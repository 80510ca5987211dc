"""The objects of ours that stand in a cluster: what users write, what we write back, and the ledger we keep there."""
