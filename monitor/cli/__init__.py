"""By hand: the commands of `monitor`, thin."""
