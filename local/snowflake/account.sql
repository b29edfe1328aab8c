-- What Terraform makes in a real account: the objects that the pipeline finds and does not create.
create database if not exists analytics;

create schema if not exists analytics.raw;
create schema if not exists analytics.quarantine;
create schema if not exists analytics.staging;
create schema if not exists analytics.intermediate;
create schema if not exists analytics.marts;
create schema if not exists analytics.analytics;
create schema if not exists analytics.audit;
create schema if not exists analytics.pii;

create warehouse if not exists loading_wh warehouse_size = 'xsmall' auto_suspend = 60;
create warehouse if not exists transforming_wh warehouse_size = 'xsmall' auto_suspend = 60;
create warehouse if not exists reporting_wh warehouse_size = 'xsmall' auto_suspend = 60;

create role if not exists loader;
create role if not exists transformer;
create role if not exists reporter;
create role if not exists pii_reader;

create file format if not exists analytics.raw.parquet_files type = parquet;
create stage if not exists analytics.raw.lake url = 's3://analytics-lake/';
