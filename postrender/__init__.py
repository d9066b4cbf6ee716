"""Last-mile patches for Helm charts: a post-renderer and patch library."""
