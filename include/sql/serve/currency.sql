-- The currency of the amounts, null where orders have several.
select iff(count(distinct currency) = 1, max(currency), null) as currency

from marts.fct_orders

where is_valid
