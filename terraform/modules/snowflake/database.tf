# The database and its schemas. Tables are made by include/sql/ddl (role LOADER) and by dbt (role TRANSFORMER), never here.

locals {
  # Names are those of unquoted SQL. Managed access: who owns a table cannot hand it on, grants are made here only.
  schemas = {
    RAW          = "Landing tables, one a batch; the stage of the lake."
    QUARANTINE   = "Rows that a gate kept back."
    STAGING      = "What the sources published, and dbt's views over it."
    INTERMEDIATE = "dbt's steps between staging and marts."
    MARTS        = "What analysts, the API and Looker read."
    ANALYTICS    = "Results of statistics that run outside dbt."
    AUDIT        = "The pipeline's books."
    PII          = "Personal data: the only place for it."
  }
}

resource "snowflake_database" "analytics" {
  provider = snowflake.sysadmin

  name                           = var.database
  comment                        = "Warehouse of the shop. Made by Terraform."
  data_retention_time_in_days    = var.time_travel_days
  drop_public_schema_on_creation = true

  lifecycle {
    prevent_destroy = true
  }
}

resource "snowflake_schema" "this" {
  provider = snowflake.sysadmin
  for_each = local.schemas

  database                    = snowflake_database.analytics.name
  name                        = each.key
  comment                     = each.value
  with_managed_access         = "true"
  data_retention_time_in_days = each.key == "PII" ? var.pii_time_travel_days : var.time_travel_days

  lifecycle {
    prevent_destroy = true
  }
}
