"""What the API answers. A field that a mart holds is described where the mart is defined, in include/dbt/models."""
