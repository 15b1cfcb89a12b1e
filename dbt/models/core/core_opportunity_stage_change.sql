-- Stage changes as events. When the vendor sends a change again, corrected or deleted, the earlier
-- row stops to exist from the day we learnt of it (superseded_on) and not before.
with stage_changes as (

    select * from {{ ref('stg_salesforce__opportunity_history') }}

),

told_anew as (

    select *
    from stage_changes
    qualify row(stage, amount_cents, occurred_at, is_deleted) is distinct from
        lag(row(stage, amount_cents, occurred_at, is_deleted)) over (partition by stage_change_id order by known_at)

),

replaced as (

    select *, lead(known_at) over (partition by stage_change_id order by known_at) as superseded_on
    from told_anew

)

select stage_change_id, opportunity_id, stage, amount_cents, occurred_at, known_at, superseded_on
from replaced
where not is_deleted
