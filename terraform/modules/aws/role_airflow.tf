# The role of Airflow: writes and reads the lake, reads its connections from Secrets Manager.

data "aws_iam_policy_document" "airflow_trust" {
  dynamic "statement" {
    for_each = length(var.airflow_trust.role_arns) > 0 ? [var.airflow_trust.role_arns] : []

    content {
      actions = ["sts:AssumeRole"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.airflow_trust.services) > 0 ? [var.airflow_trust.services] : []

    content {
      actions = ["sts:AssumeRole"]

      principals {
        type        = "Service"
        identifiers = statement.value
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [data.aws_caller_identity.current.account_id]
      }
    }
  }

  dynamic "statement" {
    for_each = var.airflow_trust.oidc == null ? [] : [var.airflow_trust.oidc]

    content {
      actions = ["sts:AssumeRoleWithWebIdentity"]

      principals {
        type        = "Federated"
        identifiers = [statement.value.provider_arn]
      }

      condition {
        test     = "StringEquals"
        variable = "${statement.value.issuer}:sub"
        values   = [statement.value.subject]
      }

      condition {
        test     = "StringEquals"
        variable = "${statement.value.issuer}:aud"
        values   = ["sts.amazonaws.com"]
      }
    }
  }
}

data "aws_iam_policy_document" "airflow" {
  statement {
    sid       = "FindFilesAndTheirVersions"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [aws_s3_bucket.lake.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["raw/*", "exports/*"]
    }
  }

  # Uploads that were cut off may hold personal data too. This action knows no prefix.
  statement {
    sid       = "FindCutOffUploads"
    actions   = ["s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.lake.arn]
  }

  # Extracts write raw/, exports tidy up exports/, erase_customer replaces files and deletes every version of the old ones.
  statement {
    sid = "ReadWriteAndErase"
    actions = [
      "s3:GetObject",
      "s3:GetObjectVersion",
      "s3:PutObject",
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:AbortMultipartUpload",
      "s3:ListMultipartUploadParts",
    ]
    resources = ["${aws_s3_bucket.lake.arn}/raw/*", "${aws_s3_bucket.lake.arn}/exports/*"]
  }

  statement {
    sid       = "ReadConnections"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    resources = [for secret in aws_secretsmanager_secret.connection : secret.arn]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }
}

resource "aws_iam_role" "airflow" {
  name               = "${var.name}-airflow"
  description        = "Airflow: the lake, and the connections in Secrets Manager."
  assume_role_policy = data.aws_iam_policy_document.airflow_trust.json
}

resource "aws_iam_role_policy" "airflow" {
  name   = "lake-and-connections"
  role   = aws_iam_role.airflow.id
  policy = data.aws_iam_policy_document.airflow.json
}
