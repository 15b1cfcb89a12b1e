-- From which day to which day each opportunity counts as won, and when the win happened. Derived
-- once, from what was known on each day on which anything about the opportunity changed; features
-- and labels then only read the version that holds.
-- The newer of stage history and record says whether it is won (of one moment, the history). It was
-- won when its last run of won stages began; without history on CloseDate, and not before that day.
-- A version without a stage (an imported record before its first change stamp) says nothing of that,
-- nor of the amount, which is then the newest that the won stages told. A merged account's wins are the
-- survivor's from the merge on.
with versions as (

    select * from {{ ref('core_opportunity_version') }}

),

stage_changes as (

    select *, stage in {{ text_list(setting('won_stages')) }} as is_won_stage
    from {{ ref('core_opportunity_stage_change') }}

),

survivors as (

    select * from {{ ref('core_account_survivor_version') }}

),

change_days as (

    select opportunity_id, valid_from as day from versions
    union
    select versions.opportunity_id, unnest([survivors.valid_from, survivors.valid_to])
    from versions inner join survivors using (account_id)
    union
    select opportunity_id, greatest(known_at, occurred_at::date) from stage_changes
    union
    select opportunity_id, superseded_on from stage_changes where superseded_on is not null

),

last_not_won as (

    select days.opportunity_id, days.day, max(change.occurred_at) as happened_at
    from change_days as days
    inner join stage_changes as change
        on days.opportunity_id = change.opportunity_id and {{ exists_on('change', 'days.day') }}
    where not change.is_won_stage
    group by all

),

last_won_run as (

    select
        days.opportunity_id,
        days.day,
        min(change.occurred_at) as began_at,
        max(change.occurred_at) as happened_at,
        max_by(change.amount_cents, row(change.occurred_at, change.known_at, change.stage_change_id)) as amount_cents
    from change_days as days
    inner join stage_changes as change
        on days.opportunity_id = change.opportunity_id and {{ exists_on('change', 'days.day') }}
    left join last_not_won
        on days.opportunity_id = last_not_won.opportunity_id and days.day = last_not_won.day
    where change.is_won_stage and change.occurred_at >= coalesce(last_not_won.happened_at, change.occurred_at)
    group by all

),

states as (

    select
        version.opportunity_id,
        coalesce(survivors.survivor_id, version.account_id) as account_id,
        version.opportunity_type,
        case
            when version.stage is null and version.is_in_usd then last_won_run.amount_cents
            else version.amount_cents
        end as amount_cents,
        days.day,
        lead(days.day) over (partition by days.opportunity_id order by days.day) as next_day,
        version.is_deleted,
        case
            -- the record is newer than all history: it speaks
            when version.stage is not null and version.occurred_at > coalesce(
                greatest(last_won_run.happened_at, last_not_won.happened_at), timestamp '0001-01-01'
            ) then version.stage in {{ text_list(setting('won_stages')) }}
            else last_won_run.began_at is not null
        end as is_won,
        coalesce(last_won_run.began_at::date, version.close_on) as won_on
    from change_days as days
    inner join versions as version
        on days.opportunity_id = version.opportunity_id and {{ holds_on('version', 'days.day') }}
    left join survivors
        on version.account_id = survivors.account_id and {{ holds_on('survivors', 'days.day') }}
    left join last_not_won
        on days.opportunity_id = last_not_won.opportunity_id and days.day = last_not_won.day
    left join last_won_run
        on days.opportunity_id = last_won_run.opportunity_id and days.day = last_won_run.day

),

won as (

    select *, greatest(day, won_on) as valid_from, next_day as valid_to
    from states
    where is_won and not is_deleted and won_on is not null and account_id is not null
        and (next_day is null or next_day > won_on)

)

select
    opportunity_id,
    account_id,
    opportunity_type,
    amount_cents,
    won_on,
    min(valid_from) over (partition by opportunity_id, won_on, account_id) as first_known_on,
    valid_from,
    valid_to
from won
