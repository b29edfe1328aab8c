# The role of those who read exports and nothing else: docs/exports.md.

data "aws_iam_policy_document" "exports_trust" {
  count = length(var.exports_reader_arns) > 0 ? 1 : 0

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.exports_reader_arns
    }
  }
}

data "aws_iam_policy_document" "exports" {
  statement {
    sid       = "FindExports"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.lake.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["exports/*"]
    }
  }

  statement {
    sid       = "ReadExports"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.lake.arn}/exports/*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.this.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${aws_s3_bucket.lake.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "exports" {
  count = length(var.exports_reader_arns) > 0 ? 1 : 0

  name               = "${var.name}-exports"
  description        = "Reads exports/ of the lake."
  assume_role_policy = data.aws_iam_policy_document.exports_trust[0].json
}

resource "aws_iam_role_policy" "exports" {
  count = length(var.exports_reader_arns) > 0 ? 1 : 0

  name   = "exports"
  role   = aws_iam_role.exports[0].id
  policy = data.aws_iam_policy_document.exports.json
}
