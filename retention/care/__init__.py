"""What is decided about an account by its risk: recoveries, and what is set aside for a while."""
