# Snowflake's own alarm. Airflow reports what fails in Airflow; this one is heard when Airflow is not there to report.

resource "snowflake_email_notification_integration" "alerts" {
  provider = snowflake.accountadmin

  name               = "${var.database}_ALERTS"
  comment            = "Alerts of the warehouse. Made by Terraform."
  enabled            = true
  allowed_recipients = var.alert_recipients
}

resource "snowflake_grant_privileges_to_account_role" "notifications" {
  provider = snowflake.securityadmin

  account_role_name = "SYSADMIN"
  privileges        = ["USAGE"]

  on_account_object {
    object_type = "INTEGRATION"
    object_name = snowflake_email_notification_integration.alerts.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "execute_alerts" {
  provider = snowflake.accountadmin

  account_role_name = "SYSADMIN"
  privileges        = ["EXECUTE ALERT"]
  on_account        = true
}

# SYSADMIN owns the alert and reads audit.loads on REPORTING_WH through REPORTER, which it inherits.
resource "snowflake_alert" "nothing_published" {
  provider = snowflake.sysadmin
  count    = var.tables_exist ? 1 : 0

  database  = snowflake_database.analytics.name
  schema    = snowflake_schema.this["AUDIT"].name
  name      = "NOTHING_PUBLISHED"
  comment   = "No batch has been published for ${var.silent_after_hours} hours: Airflow may be away."
  warehouse = snowflake_warehouse.this["REPORTING_WH"].name
  enabled   = true

  # published_at is UTC without a zone, and so is sysdate().
  condition = <<-SQL
    select 1 from ${var.database}.audit.loads
    having coalesce(max(published_at), '1970-01-01'::timestamp_ntz) < dateadd('hour', -${var.silent_after_hours}, sysdate())
  SQL

  action = <<-SQL
    call system$send_email(
      '${snowflake_email_notification_integration.alerts.name}',
      '${join(", ", sort(var.alert_recipients))}',
      'Warehouse: nothing published for ${var.silent_after_hours} hours',
      'No batch has been published to ${var.database}.staging. Look whether Airflow runs: docs/runbooks/late.md.'
    )
  SQL

  alert_schedule {
    cron {
      expression = "0 8 * * *"
      time_zone  = "UTC"
    }
  }

  depends_on = [
    snowflake_grant_account_role.to_sysadmin,
    snowflake_grant_privileges_to_account_role.execute_alerts,
    snowflake_grant_privileges_to_account_role.notifications,
    snowflake_grant_privileges_to_account_role.schema,
    snowflake_grant_privileges_to_account_role.table,
    snowflake_grant_privileges_to_account_role.warehouse,
  ]
}
