# What each role may do, as data first; tests/terraform compares it with the SQL that each role runs.
#
# LOADER owns the tables of include/sql/ddl and the landing tables, TRANSFORMER what dbt makes: an owner needs no grant on
# its own. So everything here is on schemas, or on what the other one makes.

locals {
  warehouse_of_role = {
    LOADER      = "LOADING_WH"
    TRANSFORMER = "TRANSFORMING_WH"
    REPORTER    = "REPORTING_WH"
    PII_READER  = "REPORTING_WH"
  }

  schema_privileges = {
    LOADER = {
      RAW          = ["USAGE", "CREATE TABLE"]
      QUARANTINE   = ["USAGE", "CREATE TABLE"]
      STAGING      = ["USAGE", "CREATE TABLE"]
      ANALYTICS    = ["USAGE", "CREATE TABLE"]
      AUDIT        = ["USAGE", "CREATE TABLE", "CREATE VIEW"]
      PII          = ["USAGE", "CREATE TABLE"]
      INTERMEDIATE = ["USAGE"]
      MARTS        = ["USAGE"]
    }
    TRANSFORMER = {
      # dbt's staging models are views; its incremental models stand on a view for a moment.
      STAGING      = ["USAGE", "CREATE VIEW"]
      INTERMEDIATE = ["USAGE", "CREATE TABLE", "CREATE VIEW"]
      MARTS        = ["USAGE", "CREATE TABLE", "CREATE VIEW"]
      ANALYTICS    = ["USAGE"]
      AUDIT        = ["USAGE"]
      PII          = ["USAGE"]
    }
    REPORTER = {
      MARTS = ["USAGE"]
      AUDIT = ["USAGE"]
    }
    PII_READER = {
      PII = ["USAGE"]
    }
  }

  # On what is made later, and made anew: dbt replaces its tables, and the grants of a replaced table are gone.
  future_privileges = {
    LOADER = {
      INTERMEDIATE = { TABLES = ["SELECT"] }
      MARTS        = { TABLES = ["SELECT"] }
    }
    TRANSFORMER = {
      STAGING   = { TABLES = ["SELECT"] }
      ANALYTICS = { TABLES = ["SELECT"] }
      AUDIT     = { TABLES = ["SELECT"] }
    }
    REPORTER = {
      MARTS = { TABLES = ["SELECT"] }
      AUDIT = { VIEWS = ["SELECT"] } # quarantine_summary, which make bootstrap replaces
    }
  }

  # Table by table where a schema holds more than the role may see. These are never replaced. They have to exist.
  table_privileges = {
    TRANSFORMER = {
      PII = { CUSTOMERS = ["SELECT"] }
    }
    REPORTER = {
      AUDIT = {
        API_KEYS     = ["SELECT"]
        BUILDS       = ["SELECT"]
        BUILT_MARTS  = ["SELECT"]
        GATE_RESULTS = ["SELECT"]
        LOADS        = ["SELECT"]
      }
    }
    PII_READER = {
      PII = { CUSTOMERS = ["SELECT"] }
    }
  }

  schema_grants = merge([
    for role, schemas in local.schema_privileges : {
      for schema, privileges in schemas : "${role}.${schema}" => { role = role, schema = schema, privileges = privileges }
    }
  ]...)

  future_grants = merge(flatten([
    for role, schemas in local.future_privileges : [
      for schema, kinds in schemas : {
        for kind, privileges in kinds :
        "${role}.${schema}.${kind}" => { role = role, schema = schema, kind = kind, privileges = privileges }
      }
    ]
  ])...)

  table_grants = merge(flatten([
    for role, schemas in local.table_privileges : [
      for schema, tables in schemas : {
        for table, privileges in tables :
        "${role}.${schema}.${table}" => { role = role, schema = schema, table = table, privileges = privileges }
      }
    ]
  ])...)
}

resource "snowflake_grant_privileges_to_account_role" "database" {
  provider = snowflake.securityadmin
  for_each = local.roles

  account_role_name = snowflake_account_role.this[each.key].name
  privileges        = ["USAGE"]

  on_account_object {
    object_type = "DATABASE"
    object_name = snowflake_database.analytics.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "warehouse" {
  provider = snowflake.securityadmin
  for_each = local.warehouse_of_role

  account_role_name = snowflake_account_role.this[each.key].name
  privileges        = ["USAGE"]

  on_account_object {
    object_type = "WAREHOUSE"
    object_name = snowflake_warehouse.this[each.value].name
  }
}

resource "snowflake_grant_privileges_to_account_role" "schema" {
  provider = snowflake.securityadmin
  for_each = local.schema_grants

  account_role_name = snowflake_account_role.this[each.value.role].name
  privileges        = each.value.privileges

  on_schema {
    schema_name = snowflake_schema.this[each.value.schema].fully_qualified_name
  }
}

resource "snowflake_grant_privileges_to_account_role" "future" {
  provider = snowflake.securityadmin
  for_each = local.future_grants

  account_role_name = snowflake_account_role.this[each.value.role].name
  privileges        = each.value.privileges

  on_schema_object {
    future {
      object_type_plural = each.value.kind
      in_schema          = snowflake_schema.this[each.value.schema].fully_qualified_name
    }
  }
}

resource "snowflake_grant_privileges_to_account_role" "table" {
  provider = snowflake.securityadmin
  for_each = { for key, grant in local.table_grants : key => grant if var.tables_exist }

  account_role_name = snowflake_account_role.this[each.value.role].name
  privileges        = each.value.privileges

  on_schema_object {
    object_type = "TABLE"
    object_name = "${snowflake_schema.this[each.value.schema].fully_qualified_name}.\"${each.value.table}\""
  }
}

resource "snowflake_grant_privileges_to_account_role" "stage" {
  provider = snowflake.securityadmin

  account_role_name = snowflake_account_role.this["LOADER"].name
  privileges        = ["USAGE"]

  on_schema_object {
    object_type = "STAGE"
    object_name = snowflake_stage.lake.fully_qualified_name
  }
}

resource "snowflake_grant_privileges_to_account_role" "file_format" {
  provider = snowflake.securityadmin

  account_role_name = snowflake_account_role.this["LOADER"].name
  privileges        = ["USAGE"]

  on_schema_object {
    object_type = "FILE FORMAT"
    object_name = snowflake_file_format.parquet_files.fully_qualified_name
  }
}
