# Service users. They sign in with a key pair only: users of this type have no password and no browser log-in.
# The private key never comes near Terraform; README.md, "Keys", says where it goes and how a key is changed.

locals {
  service_users = {
    AIRFLOW = {
      purpose   = "Airflow: connection warehouse. dbt signs in as the same user with role TRANSFORMER."
      roles     = ["LOADER", "TRANSFORMER"]
      role      = "LOADER"
      warehouse = "LOADING_WH"
    }
    ANALYTICS_API = {
      purpose   = "REST API and dashboard: connection warehouse_reader."
      roles     = ["REPORTER"]
      role      = "REPORTER"
      warehouse = "REPORTING_WH"
    }
    ANALYTICS_API_PII = {
      purpose   = "REST API, include=pii only: connection warehouse_pii_reader."
      roles     = ["PII_READER"]
      role      = "PII_READER"
      warehouse = "REPORTING_WH"
    }
    LOOKER = {
      purpose   = "Looker's connection to the warehouse."
      roles     = ["REPORTER"]
      role      = "REPORTER"
      warehouse = "REPORTING_WH"
    }
  }
  users = { for name, user in local.service_users : name => user if contains(keys(var.public_keys), name) }

  roles_of_users = merge([
    for name, user in local.users : { for role in user.roles : "${name}.${role}" => { user = name, role = role } }
  ]...)
}

resource "snowflake_service_user" "this" {
  provider = snowflake.securityadmin
  for_each = local.users

  name                           = each.key
  comment                        = each.value.purpose
  default_role                   = each.value.role
  default_secondary_roles_option = "NONE" # a session has the one role that its connection names
  default_warehouse              = each.value.warehouse
  default_namespace              = var.database
  rsa_public_key                 = var.public_keys[each.key].key
  rsa_public_key_2               = var.public_keys[each.key].next_key
  network_policy                 = snowflake_network_policy.this[each.key].fully_qualified_name
  timezone                       = "UTC"
}

resource "snowflake_grant_account_role" "to_user" {
  provider = snowflake.securityadmin
  for_each = local.roles_of_users

  role_name = snowflake_account_role.this[each.value.role].name
  user_name = snowflake_service_user.this[each.value.user].name
}
