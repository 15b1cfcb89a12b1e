-- How long ago the account last showed up: within 180 days.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

visits as (

    select account_id, as_of_date, min(days_ago) as days_since_last_visit
    from {{ ref('int_engagement__web_day') }}
    group by all

),

activities as (

    select
        account_id,
        as_of_date,
        min(days_ago) filter (activity_type = 'meeting') as days_since_last_meeting,
        min(days_ago) filter (activity_type = 'email_reply') as days_since_last_reply
    from {{ ref('int_engagement__activity_day') }}
    group by all

)

select
    account_id,
    as_of_date,
    visits.days_since_last_visit,
    activities.days_since_last_meeting,
    activities.days_since_last_reply
from eligible
left join visits using (account_id, as_of_date)
left join activities using (account_id, as_of_date)
