-- How many deals were won, how long ago, and in which rhythm.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

won_deals as (

    select * from {{ as_of_versions(ref('core_won_deal_version'), days_of_build()) }}

),

dated as (

    select
        account_id,
        as_of_date,
        (as_of_date - won_on)::integer as days_ago,
        -- a gap lies between two days with wins: deals of one day are one step of the rhythm
        (won_on - lag(won_on) over by_day)::integer as gap_days,
        row_number() over (by_day) as position
    from won_deals
    window by_day as (partition by account_id, as_of_date order by won_on, opportunity_id)

),

counted as (

    select
        account_id,
        as_of_date,
        count(*) as won_deals_total,
        {%- for days in [180, 365, 730, 1095] %}
        count(*) filter (days_ago < {{ days }}) as won_deals_{{ days }}d,
        {%- endfor %}
        min(days_ago) as days_since_last_won,
        max(days_ago) as days_since_first_won,
        sum(gap_days) as gap_days,
        count(*) filter (gap_days > 0) as gaps,
        arg_max(gap_days, position) filter (gap_days > 0) as last_won_gap_days
    from dated
    group by all

)

select
    account_id,
    as_of_date,
    coalesce(won_deals_total, 0)::integer as won_deals_total,
    {%- for days in [180, 365, 730, 1095] %}
    coalesce(won_deals_{{ days }}d, 0)::integer as won_deals_{{ days }}d,
    {%- endfor %}
    days_since_last_won,
    days_since_first_won,
    case when gaps > 0 then gap_days::double / gaps end as mean_won_gap_days,
    last_won_gap_days,
    -- longer than its own rhythm (of at least a month) since the last: above 1 is overdue
    case when gaps > 0
        then days_since_last_won::double * gaps / greatest(gap_days, 30 * gaps)
    end as won_overdue_ratio
from eligible
left join counted using (account_id, as_of_date)
