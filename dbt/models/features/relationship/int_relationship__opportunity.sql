{{ config(materialized='table') }}
-- Every opportunity that exists on each requested day, with the stage it was in. The newer of stage
-- history and record says which (of one moment, the history); a record that was imported without its
-- past says nothing of it. An opportunity of a merged account is the survivor's. Only the days of this
-- build are kept: two feature models read them.
with versions as (

    select * from {{ as_of_versions(ref('core_opportunity_version')) }} where not is_deleted

),

changes as (

    select
        *,
        stage is distinct from lag(stage) over in_order as is_entry,
        lead(occurred_at) over in_order is null as is_last
    from {{ as_of_events(ref('core_opportunity_stage_change')) }}
    window in_order as (
        partition by as_of_date, opportunity_id order by occurred_at, known_at, stage_change_id
    )

),

history as (

    select
        as_of_date,
        opportunity_id,
        max(stage) filter (is_last) as stage,
        max(amount_cents) filter (is_last) as amount_cents,
        max(occurred_at) as happened_at,
        max(occurred_at) filter (is_entry) as entered_at
    from changes
    group by all

),

stated as (

    select
        versions.as_of_date,
        versions.opportunity_id,
        coalesce(merged.survivor_id, versions.account_id) as account_id,
        versions.loss_reason,
        (versions.created_at::date) as opened_on,
        case when versions.stage is null and versions.is_in_usd then history.amount_cents else versions.amount_cents end as amount_cents,
        case
            when versions.stage is not null
                and versions.occurred_at > coalesce(history.happened_at, timestamp '0001-01-01') then versions.stage
            else coalesce(history.stage, versions.stage)
        end as current_stage,
        case when history.stage = current_stage then history.entered_at else versions.occurred_at end::date as in_stage_since,
        case when versions.stage = current_stage then versions.is_closed end as is_closed
    from versions
    left join history using (as_of_date, opportunity_id)
    {{ left_join_version(
        ref('core_account_survivor_version'), 'merged', 'versions.account_id = merged.account_id', 'versions.as_of_date'
    ) }}

)

select
    as_of_date,
    opportunity_id,
    account_id,
    current_stage as stage,
    case
        when current_stage in {{ text_list(setting('won_stages')) }} then 'won'
        when current_stage in {{ text_list(setting('open_stages')) }} or not is_closed then 'open'
        when is_closed or current_stage ilike '%lost%' then 'lost'
    end as status,
    loss_reason,
    {{ stage_position('current_stage') }} + 1 as stage_number,
    amount_cents,
    opened_on,
    in_stage_since
from stated
where account_id is not null
