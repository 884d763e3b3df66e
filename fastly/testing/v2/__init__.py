"""The retired API v2 as the stand-in serves it; it goes when v2 goes."""
