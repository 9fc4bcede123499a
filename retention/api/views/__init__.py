"""The API's views: reading what is visible, and calling actions."""
