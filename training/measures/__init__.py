"""What a model is worth: the tables of its card, and what each choice in it brings."""
