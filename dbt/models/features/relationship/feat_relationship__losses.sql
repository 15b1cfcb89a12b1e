-- What was negotiated in vain, how long ago, and why.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

feeds as (

    select * from {{ ref('int_feeds__known_by_day') }}

),

lost as (

    select
        account_id,
        as_of_date,
        count(*) as lost_opportunities_total,
        min(as_of_date - in_stage_since) as days_since_last_loss,
        arg_max_null(loss_reason, row(in_stage_since, opportunity_id)) as last_loss_reason
    from {{ ref('int_relationship__opportunity') }}
    where status = 'lost'
    group by all

)

select
    account_id,
    as_of_date,
    {{ counted('lost.lost_opportunities_total', 'feeds.has_opportunities') }} as lost_opportunities_total,
    lost.days_since_last_loss::integer as days_since_last_loss,
    lost.last_loss_reason
from eligible
left join feeds using (as_of_date)
left join lost using (account_id, as_of_date)
