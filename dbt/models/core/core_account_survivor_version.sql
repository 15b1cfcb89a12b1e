-- Which account a merged one counts for, day by day: the end of the chain of merges that is known on the day.
-- Only while it is merged has an account a version here; any other stands for itself. Accounts that were merged
-- in a circle or into one that we do not know have none either. An end that was deleted since still is the end:
-- its people and domains then go their own ways, what the company did in the past stays the company's.
with recursive stated as (

    select
        account_id,
        nullif(merged_into_account_id, account_id) as merged_into_account_id,
        is_deleted and nullif(merged_into_account_id, account_id) is null as is_deleted,
        valid_from
    from {{ ref('core_account_version') }}

),

states as (

    select *, coalesce(lead(valid_from) over (partition by account_id order by valid_from), date '9999-12-31') as valid_to
    from ({{ first_of_each_run('stated', 'account_id', ['merged_into_account_id', 'is_deleted']) | indent(4) }})

),

chains as (

    select account_id, merged_into_account_id as next_id, valid_from, valid_to
    from states
    where merged_into_account_id is not null
    -- not `all`: a circle comes back to what has been said, and ends
    union
    select
        chains.account_id,
        states.merged_into_account_id,
        greatest(chains.valid_from, states.valid_from),
        least(chains.valid_to, states.valid_to)
    from chains
    inner join states
        on chains.next_id = states.account_id
        and chains.valid_from < states.valid_to
        and states.valid_from < chains.valid_to
    where states.merged_into_account_id is not null

)

select
    chains.account_id,
    states.account_id as survivor_id,
    states.is_deleted,
    greatest(chains.valid_from, states.valid_from) as valid_from,
    nullif(least(chains.valid_to, states.valid_to), date '9999-12-31') as valid_to
from chains
inner join states
    on chains.next_id = states.account_id
    and chains.valid_from < states.valid_to
    and states.valid_from < chains.valid_to
where states.merged_into_account_id is null
