# Only what differs from account to account; sizes and days stand in main.tf. Every rule about a value is in the modules.

variable "name" {
  description = "Prefix of the names of everything in AWS."
  type        = string
  default     = "analytics-prod"
}

variable "aws_account_id" {
  description = "Number of the AWS account; in any other one Terraform refuses to work."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account_id))
    error_message = "An AWS account has 12 digits."
  }
}

variable "aws_region" {
  description = "AWS region of the lake; best that of the Snowflake account, or every load pays for the way between them."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "A region such as eu-west-1."
  }
}

variable "snowflake_organization" {
  description = "Name of the Snowflake organization, the part of the account identifier before the hyphen."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.snowflake_organization))
    error_message = "Letters, digits and underscores."
  }
}

variable "snowflake_account" {
  description = "Name of the Snowflake account within its organization. Each environment has an account of its own: roles and warehouses have the same names in all of them."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.snowflake_account))
    error_message = "Letters, digits and underscores."
  }
}

variable "snowflake_terraform_user" {
  description = "Snowflake user that Terraform signs in as."
  type        = string
  default     = "TERRAFORM"
}

variable "tables_exist" {
  description = "False at the first apply, true once `make bootstrap` has created the tables."
  type        = bool
  default     = false
}

variable "public_keys" {
  description = "Public keys of the service users; `next_key` only while a key is being changed."
  type = map(object({
    key      = string
    next_key = optional(string)
  }))
}

variable "allowed_networks" {
  description = "IPv4 ranges (CIDR) from which each service user may sign in."
  type        = map(set(string))
}

variable "lake_bucket" {
  description = "Name of the bucket of the lake, unique in all of AWS."
  type        = string
}

variable "lake_external_id" {
  description = "External id of the storage integration: no secret, but not to be guessed; `openssl rand -hex 16` makes one."
  type        = string
}

variable "airflow_trust" {
  description = "Who may become the role of Airflow: IAM roles, AWS services or a Kubernetes service account."
  type = object({
    role_arns = optional(list(string), [])
    services  = optional(list(string), [])
    oidc = optional(object({
      provider_arn = string
      issuer       = string
      subject      = string
    }))
  })
}

variable "exports_reader_arns" {
  description = "ARNs of the IAM roles that may become the role that reads exports/."
  type        = list(string)
  default     = []
}

variable "alert_recipients" {
  description = "E-mail addresses for alerts of Snowflake (each the verified address of a user there) and alarms of AWS."
  type        = set(string)
}

variable "budget_watchers" {
  description = "Names of Snowflake users who are told when a warehouse nears its monthly credits."
  type        = set(string)
}
