locals {
  # Airflow either runs with its role, or with another one from which it assumes it.
  assumed_role = { for key, arn in { role_arn = module.aws.airflow_role_arn } : key => arn if length(var.airflow_trust.role_arns) > 0 }
}

output "airflow_environment" {
  description = "Environment of Airflow: where its connections are, and the settings of include/config.py that depend on the account."
  value = {
    AIRFLOW__SECRETS__BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
    AIRFLOW__SECRETS__BACKEND_KWARGS = jsonencode(merge({
      connections_prefix = module.aws.connections_prefix
      variables_prefix   = null # nothing is configured through variables
      config_prefix      = null
      region_name        = var.aws_region
    }, local.assumed_role))
    LAKE_BUCKET        = module.aws.lake_bucket
    SNOWFLAKE_ACCOUNT  = "${var.snowflake_organization}-${var.snowflake_account}"
    SNOWFLAKE_DATABASE = module.snowflake.database
  }
}

output "airflow_connections" {
  description = "The connections that Terraform knows all but the private key of, as Airflow reads them from Secrets Manager."
  value = merge(
    {
      lake = {
        conn_type = "aws"
        extra     = merge({ region_name = var.aws_region }, local.assumed_role)
      }
    },
    {
      for connection, known in module.snowflake.connections : connection => {
        conn_type = "snowflake"
        login     = known.login
        extra = {
          account   = "${var.snowflake_organization}-${var.snowflake_account}"
          database  = known.database
          warehouse = known.warehouse
          role      = known.role
        }
      }
    },
  )
}

output "connection_secrets" {
  description = "Name in Secrets Manager of each Airflow connection."
  value       = module.aws.connection_secrets
}

output "airflow_role_arn" {
  description = "ARN of the IAM role of Airflow."
  value       = module.aws.airflow_role_arn
}

output "exports_role_arn" {
  description = "ARN of the IAM role that reads exports/; null where nobody may."
  value       = module.aws.exports_role_arn
}

output "stage" {
  description = "Full name of the stage of the lake."
  value       = module.snowflake.stage
}
