"""The commands of the retired API v2; they go when it goes."""
