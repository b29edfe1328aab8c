-- When each batch and each replay was published.
select
    batch_id,
    published_at
from audit.loads

union all

select
    batch_id,
    published_at
from audit.replays
