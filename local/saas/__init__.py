"""Stand-ins for the hosted services the pipelines read from and write to, spoken at the wire.

One application serves BigQuery, Salesforce, the product catalog, Looker and Slack from a data set on disk, so that the
services' own client libraries run against it unchanged. `python -m local.saas` starts it over TLS.
"""
