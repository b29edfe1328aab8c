-- Make way for the predictions of a new fit.
delete from {{ database }}.analytics.customer_value_predictions
