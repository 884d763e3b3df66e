"""One module a model class, named in snake case; `fastly.models` has them all."""
