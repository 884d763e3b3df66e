"""One module an API; `fastly.apis` has them all."""
