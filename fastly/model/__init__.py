"""One module for each model class, named in snake case; `fastly.models` has them all."""
