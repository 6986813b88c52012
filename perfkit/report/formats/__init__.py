"""One file for each format: ``render(run) -> bytes``. ``perfkit.report.FORMATS`` names them."""
