"""Labels of the cases, and what was found beside them."""
