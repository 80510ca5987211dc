"""What is done to the cluster: a pod's resize subresource patched, and what came of it."""
