variable "database" {
  description = "Name of the database, as SNOWFLAKE_DATABASE tells the pipeline."
  type        = string
  default     = "ANALYTICS"

  validation {
    condition     = can(regex("^[A-Z][A-Z0-9_]*$", var.database))
    error_message = "The pipeline writes names without quotes, which Snowflake reads in upper case: use upper-case letters, digits and underscores."
  }
}

variable "warehouses" {
  description = "Size, idle seconds before suspension, statement limit in seconds and monthly credits of each virtual warehouse."
  type = map(object({
    size                      = string
    auto_suspend_seconds      = optional(number, 60)
    statement_timeout_seconds = optional(number, 3600)
    monthly_credits           = number
  }))

  validation {
    condition     = toset(keys(var.warehouses)) == toset(["LOADING_WH", "TRANSFORMING_WH", "REPORTING_WH"])
    error_message = "The pipeline uses exactly LOADING_WH, TRANSFORMING_WH and REPORTING_WH."
  }

  validation {
    condition     = alltrue([for w in values(var.warehouses) : contains(["XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE"], w.size)])
    error_message = "A size is one of XSMALL, SMALL, MEDIUM, LARGE, XLARGE."
  }

  validation {
    condition     = alltrue([for w in values(var.warehouses) : w.auto_suspend_seconds >= 30 && w.auto_suspend_seconds <= 600])
    error_message = "A warehouse is suspended after 30 to 600 idle seconds: 0 would mean never."
  }

  validation {
    condition     = alltrue([for w in values(var.warehouses) : w.monthly_credits >= 1])
    error_message = "Every warehouse has a budget of at least one credit a month."
  }
}

variable "time_travel_days" {
  description = "Days for which tables can be read as they were. More than one needs the Enterprise edition."
  type        = number
  default     = 7

  validation {
    condition     = var.time_travel_days >= 1 && var.time_travel_days <= 90
    error_message = "Between 1 and 90 days."
  }
}

variable "pii_time_travel_days" {
  description = "The same for schema pii. What was erased can be read again for so long, and stays in Fail-safe for 7 days more."
  type        = number
  default     = 1

  validation {
    condition     = var.pii_time_travel_days >= 0 && var.pii_time_travel_days <= 7
    error_message = "Between 0 and 7 days: erasure has to come to an end."
  }
}

variable "tables_exist" {
  description = "False at the first apply, true once `make bootstrap` has created the tables: then those that are granted or tagged one by one are."
  type        = bool
}

variable "public_keys" {
  description = "Public keys of the service users: PEM without its first and last line, on one line. `next_key` is there only while a key is being changed. A user without an entry is not made."
  type = map(object({
    key      = string
    next_key = optional(string)
  }))

  validation {
    condition     = contains(keys(var.public_keys), "AIRFLOW") && contains(keys(var.public_keys), "ANALYTICS_API")
    error_message = "AIRFLOW and ANALYTICS_API need a key; ANALYTICS_API_PII and LOOKER have one where they are used."
  }

  validation {
    condition     = alltrue([for name in keys(var.public_keys) : contains(["AIRFLOW", "ANALYTICS_API", "ANALYTICS_API_PII", "LOOKER"], name)])
    error_message = "The service users are AIRFLOW, ANALYTICS_API, ANALYTICS_API_PII and LOOKER."
  }

  validation {
    condition = alltrue([
      for key in flatten([for keys in values(var.public_keys) : compact([keys.key, keys.next_key])]) :
      can(regex("^MII[A-Za-z0-9+/]{300,}={0,2}$", key))
    ])
    error_message = "A key is base64 on one line, without the lines BEGIN and END: RSA, at least 2048 bits."
  }
}

variable "allowed_networks" {
  description = "IPv4 ranges (CIDR) from which each service user may sign in."
  type        = map(set(string))

  validation {
    condition     = alltrue([for range in flatten([for ranges in values(var.allowed_networks) : tolist(ranges)]) : can(cidrnetmask(range))])
    error_message = "A range is IPv4 in CIDR notation, such as 203.0.113.7/32."
  }

  validation {
    condition = alltrue([
      for range in flatten([for ranges in values(var.allowed_networks) : tolist(ranges)]) : try(tonumber(split("/", range)[1]) >= 16, false)
    ])
    error_message = "A range wider than /16 is no restriction."
  }

  validation {
    condition     = alltrue([for ranges in values(var.allowed_networks) : length(ranges) > 0])
    error_message = "A user whose list is empty could not sign in from anywhere."
  }

  validation {
    condition     = toset(keys(var.allowed_networks)) == toset(keys(var.public_keys))
    error_message = "Every user of public_keys needs its ranges, and no other user has any."
  }
}

variable "lake_bucket" {
  description = "Name of the bucket that the stage raw.lake reads and unloads to."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.lake_bucket))
    error_message = "This is no bucket name."
  }
}

variable "lake_role_arn" {
  description = "ARN of the IAM role that Snowflake assumes to reach the bucket. It may be made after the integration."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.lake_role_arn))
    error_message = "This is no ARN of an IAM role."
  }
}

variable "lake_external_id" {
  description = "External id that Snowflake presents when it assumes the role. Chosen here, so that role and integration are made in one apply."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_=,.@:/-]{16,}$", var.lake_external_id))
    error_message = "At least 16 characters of those that AWS allows in an external id."
  }
}

variable "alert_recipients" {
  description = "E-mail addresses that Snowflake writes to. Each has to be the verified address of a user of this account."
  type        = set(string)

  validation {
    condition     = length(var.alert_recipients) > 0 && alltrue([for address in var.alert_recipients : can(regex("^[^@\\s']+@[^@\\s']+$", address))])
    error_message = "At least one e-mail address."
  }
}

variable "budget_watchers" {
  description = "Names of Snowflake users who are told when a warehouse nears its monthly credits; each with a verified address."
  type        = set(string)

  validation {
    condition     = length(var.budget_watchers) > 0
    error_message = "Somebody has to be told before a warehouse is suspended."
  }
}

variable "silent_after_hours" {
  description = "Hours without a published batch after which Snowflake itself writes to alert_recipients."
  type        = number
  default     = 30

  validation {
    condition     = var.silent_after_hours >= 25
    error_message = "Batches are daily: less than 25 hours would be a false alarm every day."
  }
}
