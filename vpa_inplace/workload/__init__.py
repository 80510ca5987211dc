"""Who owns a pod and which class it is; later what its framework allows."""
