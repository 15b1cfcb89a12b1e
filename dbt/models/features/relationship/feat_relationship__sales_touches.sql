-- Whether sales works the account: emails sent and calls of the last 180 days.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

feeds as (

    select * from {{ ref('int_feeds__known_by_day') }}

),

touches as (

    select
        account_id,
        as_of_date,
        sum(activities) filter (days_ago < 30) as sales_touches_30d,
        sum(activities) filter (days_ago < 90) as sales_touches_90d,
        min(days_ago) as days_since_last_touch
    from {{ ref('int_engagement__activity_day') }}
    where activity_type in {{ text_list(touch_types()) }}
    group by all

)

select
    account_id,
    as_of_date,
    {{ counted('touches.sales_touches_30d', 'feeds.has_activities') }} as sales_touches_30d,
    {{ counted('touches.sales_touches_90d', 'feeds.has_activities') }} as sales_touches_90d,
    touches.days_since_last_touch,
    case when feeds.has_activities then coalesce(touches.sales_touches_90d, 0) > 0 end as is_worked_by_sales
from eligible
left join feeds using (as_of_date)
left join touches using (account_id, as_of_date)
