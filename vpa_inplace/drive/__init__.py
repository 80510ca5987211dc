"""One loop, two worlds: the cluster's clock and the replay's. Both call the same learn, foresee and decide."""
