"""Where something is learned with scikit-learn. Only what trains imports this; a tick never does."""
