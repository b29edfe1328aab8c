-- When each batch, each replay and each removal was published.
select
    batch_id,
    published_at
from audit.loads

union all

select
    batch_id,
    published_at
from audit.replays

union all

select
    batch_id,
    published_at
from audit.deletions
