"""Configuration file and objects to Policy and back; the place for a new field."""
