"""Numbers about Attune: which there are, and how a process counts those that no table knows."""
