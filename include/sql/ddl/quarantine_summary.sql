-- Rows kept back, counted: readers of the view see neither the rows nor schema pii.
create or replace view audit.quarantine_summary as

{% for contract in contracts %}
    select
        '{{ contract.table }}' as table_name,
        _batch_id as batch_id,
        _reason as reason,
        count(*) as row_count,
        sum(_money_at_risk)::number(18, 4) as money_at_risk,
        min(_quarantined_at) as first_quarantined_at,
        max(_quarantined_at) as last_quarantined_at

    from {{ contract.quarantine }}

    group by _batch_id, _reason
    {{ "" if loop.last else "union all" }}
{% endfor %}
