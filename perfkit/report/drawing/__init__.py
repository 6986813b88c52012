"""What a report draws: SVG from numbers that a view has made, for the page and as files."""
