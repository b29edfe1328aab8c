-- Make way for the statistics of a new evaluation.
delete from {{ database }}.analytics.experiment_statistics
