-- How large the won deals were. Unknown amounts stay null where the amount itself is the feature. The
-- *_filled_* columns put the median of the type in their place (of all deals won by then, of all types
-- where the type has none), so that they do not tell whether somebody filled the amount in.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

won_deals as (

    select * from {{ as_of_versions(ref('core_won_deal_version'), days_of_build()) }}

),

medians as (

    select
        as_of_date,
        opportunity_type,
        grouping(opportunity_type) as is_of_all_types,
        quantile_disc(amount_cents, 0.5) as cents
    from won_deals
    group by grouping sets ((as_of_date, opportunity_type), (as_of_date))

),

ordered as (

    select
        won_deals.account_id,
        won_deals.as_of_date,
        won_deals.amount_cents,
        coalesce(won_deals.amount_cents, of_type.cents, of_all.cents) as filled_cents,
        lag(won_deals.amount_cents) over by_day as previous_cents,
        (won_deals.as_of_date - won_deals.won_on)::integer as days_ago,
        lead(won_deals.opportunity_id) over by_day is null as is_last
    from won_deals
    left join medians as of_type
        on won_deals.as_of_date = of_type.as_of_date
        and won_deals.opportunity_type = of_type.opportunity_type and of_type.is_of_all_types = 0
    left join medians as of_all
        on won_deals.as_of_date = of_all.as_of_date and of_all.is_of_all_types = 1
    window by_day as (
        partition by won_deals.account_id, won_deals.as_of_date
        order by won_deals.won_on, won_deals.opportunity_id
    )

),

summed as (

    select
        account_id,
        as_of_date,
        max(amount_cents) filter (is_last) as last_cents,
        max(previous_cents) filter (is_last) as previous_cents,
        max(amount_cents) as max_cents,
        sum(amount_cents) as total_cents,
        max(filled_cents) filter (is_last) as last_filled_cents,
        sum(filled_cents) as total_filled_cents,
        min(days_ago) as days_since_last_won
    from ordered
    group by all

)

select
    account_id,
    as_of_date,
    last_cents::double / 100 as last_won_amount_usd,
    total_cents::double / 100 as won_amount_total_usd,
    max_cents::double / 100 as max_won_amount_usd,
    last_cents::double / nullif(previous_cents, 0) as last_won_amount_ratio,
    last_filled_cents::double / 100 as last_won_amount_filled_usd,
    total_filled_cents::double / 100 as won_amount_total_filled_usd,
    -- what is left of it if it is spent evenly, a quarter's head start given
    last_filled_cents::double / 100 / (days_since_last_won + 90) as last_won_amount_per_day_usd
from eligible
left join summed using (account_id, as_of_date)
