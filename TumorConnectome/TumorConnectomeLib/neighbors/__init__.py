"""Exact nearest and farthest neighbors, the scale of distances, repairs of hubs, and the consensus of models."""
