"""Language models (LLMs): loaded and adapted, asked and answered."""
