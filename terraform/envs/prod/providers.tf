# Terraform signs in to Snowflake as a service user of its own, by key pair: the private key is in the environment variable
# SNOWFLAKE_PRIVATE_KEY and nowhere else. To AWS it signs in as the AWS CLI does.

locals {
  # What the provider does not promise to keep as it is until version 3; each has to be named to be used.
  preview_features = [
    "snowflake_alert_resource",
    "snowflake_email_notification_integration_resource",
    "snowflake_file_format_resource",
    "snowflake_stage_resource",
    "snowflake_storage_integration_resource",
  ]
}

provider "aws" {
  region              = var.aws_region
  allowed_account_ids = [var.aws_account_id]

  default_tags {
    tags = {
      project     = var.name
      environment = "prod"
      managed_by  = "terraform"
    }
  }
}

provider "snowflake" {
  alias                    = "sysadmin"
  organization_name        = var.snowflake_organization
  account_name             = var.snowflake_account
  user                     = var.snowflake_terraform_user
  authenticator            = "SNOWFLAKE_JWT"
  role                     = "SYSADMIN"
  preview_features_enabled = local.preview_features
}

provider "snowflake" {
  alias                    = "securityadmin"
  organization_name        = var.snowflake_organization
  account_name             = var.snowflake_account
  user                     = var.snowflake_terraform_user
  authenticator            = "SNOWFLAKE_JWT"
  role                     = "SECURITYADMIN"
  preview_features_enabled = local.preview_features
}

provider "snowflake" {
  alias                    = "accountadmin"
  organization_name        = var.snowflake_organization
  account_name             = var.snowflake_account
  user                     = var.snowflake_terraform_user
  authenticator            = "SNOWFLAKE_JWT"
  role                     = "ACCOUNTADMIN"
  preview_features_enabled = local.preview_features
}
