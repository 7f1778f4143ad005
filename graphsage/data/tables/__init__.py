"""People's own tables: read, encoded by a schema, kept."""
