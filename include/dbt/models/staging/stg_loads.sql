with loads as (

    select * from {{ source('audit', 'loads') }}

),

replays as (

    select * from {{ source('audit', 'replays') }}

),

deletions as (

    select * from {{ source('audit', 'deletions') }}

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

-- So do rows that were found deleted in the source: they change what is published.
deleted as (

    select
        batch_id,
        'deletion' as source_name,
        table_name,

        null::timestamp_ntz as window_start,
        null::timestamp_ntz as window_end,
        published_at

    from deletions

),

final as (

    select * from loaded

    union all

    select * from replayed

    union all

    select * from deleted

)

select * from final
