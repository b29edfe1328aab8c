-- The day after the last one that every source has published; null before the first load.
select as_of_date from intermediate.int_data_through
