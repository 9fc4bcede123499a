"""Files that people bring: what is taken, under which name, and how it is handed out again."""
