"""The translator: pairs of sources and targets, the net that learns them, and its search."""
