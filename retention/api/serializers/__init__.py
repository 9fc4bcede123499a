"""Records as JSON: money as decimal strings in the organisation's currency, times in UTC, ids as UUIDs."""
