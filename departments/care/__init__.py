"""What those do who look after accounts: report friction, log contacts, decide who looks after whom."""
