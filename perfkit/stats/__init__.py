"""Statistics: growth of cost with size. Pure functions of numbers."""
