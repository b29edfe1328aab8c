with daily_kpis as (

    select * from {{ ref('int_daily_kpis') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

{{ kpis_by('week', 'week_start') }}

select * from final
