with loads as (

    select * from {{ source('audit', 'loads') }}

),

replays as (

    select * from {{ source('audit', 'replays') }}

),

loaded as (

    select
        batch_id,
        source as source_name,
        table_name,

        window_start,
        window_end,
        published_at

    from loads

),

-- A replay publishes as a load does, but covers no window.
replayed as (

    select
        batch_id,
        'quarantine' as source_name,
        table_name,

        null::timestamp_ntz as window_start,
        null::timestamp_ntz as window_end,
        published_at

    from replays

),

final as (

    select * from loaded

    union all

    select * from replayed

)

select * from final
