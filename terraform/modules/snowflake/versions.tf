terraform {
  required_version = ">= 1.11"

  required_providers {
    snowflake = {
      source  = "snowflakedb/snowflake"
      version = "~> 2.11.0"

      # Each object is made by the least of Snowflake's own roles that may make it; see README.md, "Who owns what".
      configuration_aliases = [snowflake.sysadmin, snowflake.securityadmin, snowflake.accountadmin]
    }
  }
}
