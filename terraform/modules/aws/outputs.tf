output "lake_bucket" {
  description = "Name of the bucket of the lake: LAKE_BUCKET of the pipeline."
  value       = aws_s3_bucket.lake.id
}

output "snowflake_role_arn" {
  description = "ARN of the role of the storage integration; the integration was told it before the role existed."
  value       = aws_iam_role.snowflake.arn
}

output "airflow_role_arn" {
  description = "ARN of the role that Airflow runs with, or that its connection lake assumes."
  value       = aws_iam_role.airflow.arn
}

output "exports_role_arn" {
  description = "ARN of the role that reads exports/; null where nobody may."
  value       = one(aws_iam_role.exports[*].arn)
}

output "connections_prefix" {
  description = "Prefix of the connections in Secrets Manager: connections_prefix of Airflow's secrets backend."
  value       = local.connections_prefix
}

output "connection_secrets" {
  description = "Name in Secrets Manager of each Airflow connection."
  value       = { for connection, secret in aws_secretsmanager_secret.connection : connection => secret.name }
}

output "kms_key_arn" {
  description = "ARN of the key of lake, secrets and alarms."
  value       = aws_kms_key.this.arn
}

output "alarms_topic_arn" {
  description = "ARN of the topic that alarms are sent to."
  value       = aws_sns_topic.alarms.arn
}
