terraform {
  required_version = ">= 1.11"

  # Where the state is, is told at `terraform init -backend-config=backend.hcl`: copy backend.hcl.example.
  backend "s3" {}

  # The versions whose schemas the checks have read. After the first init, commit .terraform.lock.hcl.
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25.0"
    }
    snowflake = {
      source  = "snowflakedb/snowflake"
      version = "~> 2.11.0"
    }
  }
}
