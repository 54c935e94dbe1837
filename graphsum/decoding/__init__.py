"""How tokens are chosen: beam search and sampling. Nothing here knows a model."""
