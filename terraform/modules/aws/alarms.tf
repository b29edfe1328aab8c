# What AWS itself notices, also when Airflow is away.

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.this.arn
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  statement {
    sid       = "EventsOfTheRule"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.protection_changed.arn]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.alarm_emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

# S3 counts requests only where it is told to.
resource "aws_s3_bucket_metric" "lake" {
  bucket = aws_s3_bucket.lake.id
  name   = "whole-bucket"
}

resource "aws_s3_bucket_metric" "raw" {
  bucket = aws_s3_bucket.lake.id
  name   = "raw"

  filter {
    prefix = "raw/"
  }
}

locals {
  lake_alarms = {
    nothing-extracted = {
      description = "No file was written to raw/ for a day: no extract has run. Look whether Airflow runs."
      filter      = aws_s3_bucket_metric.raw.name
      metric      = "PutRequests"
      period      = 86400
      comparison  = "LessThanThreshold"
      threshold   = 1
      missing     = "breaching"
    }
    s3-errors = {
      description = "S3 fails on its side; extracts and exports are tried again by themselves."
      filter      = aws_s3_bucket_metric.lake.name
      metric      = "5xxErrors"
      period      = 900
      comparison  = "GreaterThanThreshold"
      threshold   = 50
      missing     = "notBreaching"
    }
    requests-refused = {
      description = "Many requests to the lake are refused: a permission has gone, or somebody tries what is not allowed. The access logs say who."
      filter      = aws_s3_bucket_metric.lake.name
      metric      = "4xxErrors"
      period      = 3600
      comparison  = "GreaterThanThreshold"
      threshold   = var.denied_requests_per_hour
      missing     = "notBreaching"
    }
    many-deletes = {
      description = "Many objects of the lake are being deleted. Unless it is an erasure: old versions can be restored for some days."
      filter      = aws_s3_bucket_metric.lake.name
      metric      = "DeleteRequests"
      period      = 3600
      comparison  = "GreaterThanThreshold"
      threshold   = var.delete_requests_per_hour
      missing     = "notBreaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "lake" {
  for_each = local.lake_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/S3"
  metric_name         = each.value.metric
  dimensions          = { BucketName = aws_s3_bucket.lake.id, FilterId = each.value.filter }
  statistic           = "Sum"
  period              = each.value.period
  evaluation_periods  = 1
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# Changes to what protects the data. EventBridge sees them only in accounts that have a CloudTrail trail.
resource "aws_cloudwatch_event_rule" "protection_changed" {
  name        = "${var.name}-protection-changed"
  description = "Somebody changes or removes what protects keys, secrets or the lake."

  event_pattern = jsonencode({
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["kms.amazonaws.com", "secretsmanager.amazonaws.com", "s3.amazonaws.com"]
      eventName = [
        "DisableKey",
        "ScheduleKeyDeletion",
        "PutKeyPolicy",
        "DeleteSecret",
        "PutResourcePolicy",
        "DeleteBucket",
        "PutBucketPolicy",
        "DeleteBucketPolicy",
        "PutBucketVersioning",
        "PutBucketPublicAccessBlock",
        "DeleteBucketPublicAccessBlock",
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "protection_changed" {
  rule = aws_cloudwatch_event_rule.protection_changed.name
  arn  = aws_sns_topic.alarms.arn
}
