-- Which kinds of deals were won, first and last.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

won_deals as (

    select * from {{ as_of_versions(ref('core_won_deal_version'), days_of_build()) }}

),

ordered as (

    select
        account_id,
        as_of_date,
        opportunity_type,
        lag(opportunity_id) over by_day is null as is_first,
        lead(opportunity_id) over by_day is null as is_last
    from won_deals
    window by_day as (partition by account_id, as_of_date order by won_on, opportunity_id)

),

summed as (

    select
        account_id,
        as_of_date,
        max(opportunity_type) filter (is_last) as last_won_type,
        max(opportunity_type) filter (is_first) as first_won_type,
        count(distinct opportunity_type) as distinct_won_types
    from ordered
    group by all

)

select
    account_id,
    as_of_date,
    last_won_type,
    first_won_type,
    coalesce(distinct_won_types, 0)::integer as distinct_won_types
from eligible
left join summed using (account_id, as_of_date)
