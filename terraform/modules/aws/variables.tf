variable "name" {
  description = "Prefix of the names of everything in AWS, such as analytics-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "3 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "lake_bucket" {
  description = "Name of the bucket of the lake, unique in all of AWS: LAKE_BUCKET of the pipeline."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,57}[a-z0-9]$", var.lake_bucket))
    error_message = "3 to 59 lower-case letters, digits, dots and hyphens: the bucket of its access logs is called the same with -logs."
  }
}

variable "raw_to_infrequent_access_days" {
  description = "Days after which extracted files move to a cheaper storage class: they are read again only by a replay or a reload."
  type        = number
  default     = 60

  validation {
    condition     = var.raw_to_infrequent_access_days >= 30
    error_message = "S3 moves objects to STANDARD_IA after 30 days at the earliest."
  }
}

variable "raw_expiration_days" {
  description = "Days after which extracted files are deleted; null keeps them, so that staging can be made anew from them."
  type        = number
  default     = null

  validation {
    condition     = var.raw_expiration_days == null ? true : var.raw_expiration_days > var.raw_to_infrequent_access_days
    error_message = "Files have to move before they are deleted."
  }
}

variable "old_version_days" {
  description = "Days for which an overwritten or deleted object can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.old_version_days >= 1 && var.old_version_days <= 90
    error_message = "Between 1 and 90 days: a deleted file with personal data has to go."
  }
}

variable "access_log_days" {
  description = "Days for which it can be looked up who read the lake."
  type        = number
  default     = 365

  validation {
    condition     = var.access_log_days >= 30
    error_message = "At least 30 days."
  }
}

variable "snowflake_role_name" {
  description = "Name of the role that the storage integration assumes; Snowflake is told its ARN before it exists."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.snowflake_role_name))
    error_message = "This is no name of an IAM role."
  }
}

variable "snowflake_iam_user_arn" {
  description = "ARN of the IAM user in Snowflake's AWS account: output iam_user_arn of the module snowflake."
  type        = string
}

variable "snowflake_external_id" {
  description = "External id that Snowflake presents: the same that the module snowflake is given."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_=,.@:/-]{16,}$", var.snowflake_external_id))
    error_message = "At least 16 characters of those that AWS allows in an external id."
  }
}

variable "airflow_trust" {
  description = "Who may become the role of Airflow: IAM roles (such as Astro's workload identity), AWS services that tell for which account they ask (such as ecs-tasks.amazonaws.com) or a Kubernetes service account through an OIDC provider."
  type = object({
    role_arns = optional(list(string), [])
    services  = optional(list(string), [])
    oidc = optional(object({
      provider_arn = string
      issuer       = string
      subject      = string
    }))
  })

  validation {
    condition     = length(var.airflow_trust.role_arns) + length(var.airflow_trust.services) > 0 || var.airflow_trust.oidc != null
    error_message = "Somebody has to be able to become the role of Airflow."
  }

  validation {
    condition     = alltrue([for arn in var.airflow_trust.role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[^*]+$", arn))])
    error_message = "Only ARNs of single IAM roles: no account, no wildcard."
  }

  validation {
    condition     = var.airflow_trust.oidc == null ? true : can(regex("^system:serviceaccount:[^*:]+:[^*:]+$", var.airflow_trust.oidc.subject))
    error_message = "The subject names one service account: system:serviceaccount:<namespace>:<name>."
  }
}

variable "exports_reader_arns" {
  description = "ARNs of the IAM roles that may become the role that reads exports/. Empty: nobody reads exports through a role made here."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.exports_reader_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[^*]+$", arn))])
    error_message = "Only ARNs of single IAM roles: no account, no wildcard."
  }
}

variable "secret_recovery_days" {
  description = "Days for which a deleted secret can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30
    error_message = "AWS allows 7 to 30 days."
  }
}

variable "alarm_emails" {
  description = "E-mail addresses that alarms are sent to. Each has to confirm its subscription once."
  type        = set(string)

  validation {
    condition     = length(var.alarm_emails) > 0 && alltrue([for address in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "At least one e-mail address."
  }
}

variable "denied_requests_per_hour" {
  description = "Requests to the lake that S3 answers with 4xx in an hour before an alarm. Some are normal: the pipeline asks for files that may not exist."
  type        = number
  default     = 1000

  validation {
    condition     = var.denied_requests_per_hour > 0
    error_message = "More than 0."
  }
}

variable "delete_requests_per_hour" {
  description = "Delete requests to the lake in an hour before an alarm. An erasure or an export that begins again makes some."
  type        = number
  default     = 500

  validation {
    condition     = var.delete_requests_per_hour > 0
    error_message = "More than 0."
  }
}
