"""How TD103 reads SQL that a program puts together: its pieces, and which values are harmless."""
