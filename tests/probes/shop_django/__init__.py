"""A small Django application for tests of the probe. Import its parts only once Django is set up."""
