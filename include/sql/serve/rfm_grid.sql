-- Customers and money of each pair of recency and frequency scores.
select
    recency_score,
    frequency_score,
    count(*) as customer_count,
    sum(monetary)::number(18, 4) as gross_revenue

from marts.rfm_analysis

group by recency_score, frequency_score

order by recency_score desc, frequency_score desc
