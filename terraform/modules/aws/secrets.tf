# A place for each Airflow connection. Terraform makes the place only; its value is put in by hand (README.md, "Connections"),
# so that no secret is ever in the state.

locals {
  # The connections of airflow_settings.yaml.
  connections = toset([
    "warehouse",
    "warehouse_reader",
    "warehouse_pii_reader",
    "lake",
    "order_db",
    "google_analytics",
    "crm",
    "catalog",
    "looker",
    "slack_alerts",
    "smtp_default",
    "email_hash_key",
  ])
  connections_prefix = "${var.name}/airflow/connections"
}

resource "aws_secretsmanager_secret" "connection" {
  #checkov:skip=CKV2_AWS_57:Most are credentials of other companies' systems, which no function here could change; README.md says how the key pairs are.
  for_each = local.connections

  name                    = "${local.connections_prefix}/${each.key}"
  description             = "Airflow connection ${each.key}"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.secret_recovery_days
}
