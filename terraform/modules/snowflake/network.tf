# From where each service user may sign in. Policies stand on users, not on the account: a mistake locks out one user only.

resource "snowflake_network_policy" "this" {
  provider = snowflake.securityadmin
  for_each = local.users

  name            = "${each.key}_NETWORKS"
  comment         = "From where ${each.key} may sign in. Made by Terraform."
  allowed_ip_list = var.allowed_networks[each.key]
}
