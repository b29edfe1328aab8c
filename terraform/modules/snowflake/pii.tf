# Personal data within schema PII: a tag on each personal column, and what others than LOADER and PII_READER see of it.
# TRANSFORMER reads pii.customers too, for keys and countries: names, e-mail addresses and phone numbers are hidden from it.

locals {
  # The columns that the contracts mark `pii: true`, and _EXTRA, which holds columns that no contract knows yet.
  personal_columns = {
    FIRST_NAME = "name"
    LAST_NAME  = "name"
    EMAIL      = "email"
    PHONE      = "phone"
    _EXTRA     = "unknown"
  }
  personal_tables = ["CUSTOMERS", "QUARANTINE_CUSTOMERS"]

  personal_identifiers = {
    for kind in distinct(values(local.personal_columns)) : kind => flatten([
      for table in local.personal_tables : [
        for column, is in local.personal_columns :
        "${snowflake_schema.this["PII"].fully_qualified_name}.\"${table}\".\"${column}\"" if is == kind
      ]
    ])
  }
}

resource "snowflake_masking_policy" "text" {
  provider = snowflake.accountadmin

  database         = snowflake_database.analytics.name
  schema           = snowflake_schema.this["PII"].name
  name             = "HIDE_TEXT"
  comment          = "Personal text, for LOADER and PII_READER only."
  return_data_type = "VARCHAR"
  body             = "case when current_role() in ('LOADER', 'PII_READER') then value when value is null then null else '*****' end"

  argument {
    name = "value"
    type = "VARCHAR"
  }
}

resource "snowflake_masking_policy" "variant" {
  provider = snowflake.accountadmin

  database         = snowflake_database.analytics.name
  schema           = snowflake_schema.this["PII"].name
  name             = "HIDE_VARIANT"
  comment          = "Columns that no contract knows yet, for LOADER only."
  return_data_type = "VARIANT"
  body             = "case when current_role() = 'LOADER' then value else null end"

  argument {
    name = "value"
    type = "VARIANT"
  }
}

resource "snowflake_tag" "pii" {
  provider = snowflake.accountadmin

  database         = snowflake_database.analytics.name
  schema           = snowflake_schema.this["PII"].name
  name             = "PII"
  comment          = "What kind of personal data a column holds. Every column that has it is masked."
  allowed_values   = distinct(values(local.personal_columns))
  masking_policies = [snowflake_masking_policy.text.fully_qualified_name, snowflake_masking_policy.variant.fully_qualified_name]
}

resource "snowflake_tag_association" "pii" {
  provider = snowflake.accountadmin
  for_each = { for kind, columns in local.personal_identifiers : kind => columns if var.tables_exist }

  object_type        = "COLUMN"
  object_identifiers = each.value
  tag_id             = snowflake_tag.pii.fully_qualified_name
  tag_value          = each.key
}
