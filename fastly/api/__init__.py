"""One module for each API; `fastly.apis` has them all."""
