"""What Kubernetes keeps: manifests, lists of objects, and what KServe adds to them."""
