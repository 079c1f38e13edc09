"""Commands of incidents: the one door through which anything about them changes."""
