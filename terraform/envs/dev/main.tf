# The development environment: small, and forgetful.

locals {
  # Known before the role exists: so Snowflake can be told of the role first, and the role can then trust Snowflake.
  lake_role_name = "${var.name}-snowflake"
  lake_role_arn  = "arn:${data.aws_partition.current.partition}:iam::${var.aws_account_id}:role/${local.lake_role_name}"
}

data "aws_partition" "current" {}

module "snowflake" {
  source = "../../modules/snowflake"

  providers = {
    snowflake.sysadmin      = snowflake.sysadmin
    snowflake.securityadmin = snowflake.securityadmin
    snowflake.accountadmin  = snowflake.accountadmin
  }

  tables_exist     = var.tables_exist
  public_keys      = var.public_keys
  allowed_networks = var.allowed_networks
  lake_bucket      = var.lake_bucket
  lake_role_arn    = local.lake_role_arn
  lake_external_id = var.lake_external_id
  alert_recipients = var.alert_recipients
  budget_watchers  = var.budget_watchers

  time_travel_days     = 1
  pii_time_travel_days = 0
  silent_after_hours   = 80 # nobody is called at the weekend

  warehouses = {
    LOADING_WH      = { size = "XSMALL", monthly_credits = 20 }
    TRANSFORMING_WH = { size = "XSMALL", monthly_credits = 20 }
    REPORTING_WH    = { size = "XSMALL", monthly_credits = 10 }
  }
}

module "aws" {
  source = "../../modules/aws"

  name                   = var.name
  lake_bucket            = var.lake_bucket
  snowflake_role_name    = local.lake_role_name
  snowflake_iam_user_arn = module.snowflake.iam_user_arn
  snowflake_external_id  = var.lake_external_id
  airflow_trust          = var.airflow_trust
  exports_reader_arns    = var.exports_reader_arns
  alarm_emails           = var.alert_recipients

  raw_expiration_days  = 90
  old_version_days     = 7
  access_log_days      = 90
  secret_recovery_days = 7
}
