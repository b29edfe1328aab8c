{# Fails for every key whose versions overlap, leave a gap, begin late, or are not open at the end exactly once. #}
{% test versions_are_continuous(model, key) %}

    with versions as (

        select
            {{ key }} as version_of,
            valid_from,
            valid_to,
            is_current,
            lag(valid_to) over (partition by {{ key }} order by valid_from, version_number) as previous_valid_to,
            row_number() over (partition by {{ key }} order by valid_from, version_number) as position

        from {{ model }}

    ),

    final as (

        select
            version_of,
            count_if(is_current) as current_versions,
            count_if(is_current != (valid_to is null)) as wrongly_open,
            count_if(valid_to <= valid_from) as empty_versions,
            count_if(position = 1 and valid_from != '1900-01-01'::timestamp_ntz) as late_starts,
            count_if(position > 1 and valid_from is distinct from previous_valid_to) as gaps_or_overlaps

        from versions

        group by version_of

    )

    select * from final

    where
        current_versions != 1
        or wrongly_open + empty_versions + late_starts + gaps_or_overlaps > 0

{% endtest %}
