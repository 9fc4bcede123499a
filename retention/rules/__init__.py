"""The pages on which department heads keep their detection rules."""
