# Virtual warehouses, each with its budget. Only ACCOUNTADMIN may make resource monitors and set them on warehouses.

resource "snowflake_resource_monitor" "this" {
  provider = snowflake.accountadmin
  for_each = var.warehouses

  # Without frequency and start it counts by calendar month, from now on.
  name                      = "${each.key}_MONITOR"
  credit_quota              = each.value.monthly_credits
  notify_users              = var.budget_watchers
  notify_triggers           = [75, 90]
  suspend_trigger           = 100
  suspend_immediate_trigger = 110
}

resource "snowflake_warehouse" "this" {
  provider = snowflake.accountadmin
  for_each = var.warehouses

  name                                = each.key
  comment                             = "Made by Terraform."
  warehouse_size                      = each.value.size
  auto_suspend                        = each.value.auto_suspend_seconds
  auto_resume                         = "true"
  initially_suspended                 = true
  statement_timeout_in_seconds        = each.value.statement_timeout_seconds
  statement_queued_timeout_in_seconds = 1800
  resource_monitor                    = snowflake_resource_monitor.this[each.key].fully_qualified_name
}
