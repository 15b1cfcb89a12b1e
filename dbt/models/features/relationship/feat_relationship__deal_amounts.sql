-- How large the won deals were. Unknown amounts stay null: they are never zero, and never guessed.
with eligible as (

    select account_id, as_of_date from {{ on_requested_dates(ref('spine_account_day')) }} where is_eligible

),

won_deals as (

    select * from {{ as_of_versions(ref('core_won_deal_version')) }}

),

ordered as (

    select
        account_id,
        as_of_date,
        amount_cents,
        lag(amount_cents) over by_day as previous_amount_cents,
        lead(opportunity_id) over by_day is null as is_last
    from won_deals
    window by_day as (partition by account_id, as_of_date order by won_on, opportunity_id)

),

summed as (

    select
        account_id,
        as_of_date,
        max(amount_cents) filter (is_last) as last_cents,
        max(previous_amount_cents) filter (is_last) as previous_cents,
        max(amount_cents) as max_cents,
        sum(amount_cents) as total_cents
    from ordered
    group by all

)

select
    account_id,
    as_of_date,
    last_cents::double / 100 as last_won_amount_usd,
    total_cents::double / 100 as won_amount_total_usd,
    max_cents::double / 100 as max_won_amount_usd,
    last_cents::double / nullif(previous_cents, 0) as last_won_amount_ratio
from eligible
left join summed using (account_id, as_of_date)
