"""Training: steps, the loop, checkpoints, export."""
