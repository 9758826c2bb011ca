"""What a GPU does for ConvergeCast: measured by one command, told on one page."""
