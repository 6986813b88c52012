"""What happened: one module per kind of trouble, and of what looks like it and is none."""
