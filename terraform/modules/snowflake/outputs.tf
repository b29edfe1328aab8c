output "iam_user_arn" {
  description = "ARN of the IAM user in Snowflake's AWS account that reaches the lake: the trust policy of the role names it."
  value       = snowflake_storage_integration.lake.storage_aws_iam_user_arn
}

output "database" {
  description = "Name of the database: SNOWFLAKE_DATABASE of the pipeline."
  value       = snowflake_database.analytics.name
}

output "stage" {
  description = "Full name of the stage of the lake."
  value       = snowflake_stage.lake.fully_qualified_name
}

output "file_format" {
  description = "Full name of the Parquet file format."
  value       = snowflake_file_format.parquet_files.fully_qualified_name
}

output "connections" {
  description = "User, role, warehouse and database of each Airflow connection to the warehouse; without the private key."
  value = {
    for connection, user in {
      warehouse            = "AIRFLOW"
      warehouse_reader     = "ANALYTICS_API"
      warehouse_pii_reader = "ANALYTICS_API_PII"
      } : connection => {
      login     = user
      role      = local.service_users[user].role
      warehouse = local.service_users[user].warehouse
      database  = snowflake_database.analytics.name
    } if contains(keys(local.users), user)
  }
}

output "schemas" {
  description = "Full names of the schemas."
  value       = { for name, schema in snowflake_schema.this : name => schema.fully_qualified_name }
}
