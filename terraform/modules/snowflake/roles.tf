# Roles. What each may do stands in grants.tf.

locals {
  roles = {
    LOADER      = "Loads, gates and publishes batches, keeps the books, unloads exports. Owns the tables of include/sql/ddl."
    TRANSFORMER = "Runs dbt. Owns what dbt makes."
    REPORTER    = "Reads marts and the books that the API and Looker show."
    PII_READER  = "Reads names, e-mail addresses and phone numbers of customers, and nothing else."
  }

  # Administrators inherit these. LOADER and PII_READER see personal data, so nobody inherits them: in an emergency
  # SECURITYADMIN grants one to a person, which stands in the account's history.
  inherited_by_sysadmin = toset(["TRANSFORMER", "REPORTER"])
}

resource "snowflake_account_role" "this" {
  provider = snowflake.securityadmin
  for_each = local.roles

  name    = each.key
  comment = each.value
}

resource "snowflake_grant_account_role" "to_sysadmin" {
  provider = snowflake.securityadmin
  for_each = local.inherited_by_sysadmin

  role_name        = snowflake_account_role.this[each.key].name
  parent_role_name = "SYSADMIN"
}
