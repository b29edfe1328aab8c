# The way to the lake: integration, stage, file format. COPY reads raw/ through it, exports are unloaded to exports/.

resource "snowflake_storage_integration" "lake" {
  provider = snowflake.accountadmin

  name                 = "${var.database}_LAKE"
  comment              = "The lake of the shop. Made by Terraform."
  enabled              = true
  storage_provider     = "S3"
  storage_aws_role_arn = var.lake_role_arn

  # Chosen, not generated: so the role's trust policy is known before this integration, and one apply makes both.
  storage_aws_external_id = var.lake_external_id

  # The whole bucket, because the stage begins at its root. What Snowflake may do there the role says, folder by folder.
  storage_allowed_locations = ["s3://${var.lake_bucket}/"]
}

resource "snowflake_grant_privileges_to_account_role" "integration" {
  provider = snowflake.securityadmin

  account_role_name = "SYSADMIN" # makes the stage; LOADER needs the stage only
  privileges        = ["USAGE"]

  on_account_object {
    object_type = "INTEGRATION"
    object_name = snowflake_storage_integration.lake.name
  }
}

resource "snowflake_stage" "lake" {
  provider = snowflake.sysadmin

  database            = snowflake_database.analytics.name
  schema              = snowflake_schema.this["RAW"].name
  name                = "LAKE"
  comment             = "The lake: raw/ is loaded, exports/ is unloaded to."
  url                 = "s3://${var.lake_bucket}/"
  storage_integration = snowflake_storage_integration.lake.name

  depends_on = [snowflake_grant_privileges_to_account_role.integration]
}

resource "snowflake_file_format" "parquet_files" {
  provider = snowflake.sysadmin

  database    = snowflake_database.analytics.name
  schema      = snowflake_schema.this["RAW"].name
  name        = "PARQUET_FILES"
  comment     = "Parquet as include/lake.py writes it."
  format_type = "PARQUET"
}
