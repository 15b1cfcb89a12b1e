{{ config(materialized='table') }}
-- What the CRM recorded between the account's people and us, by account and day, as of each requested
-- day. An activity counts for the account that the CRM names (if that was merged, for the one that
-- survives), else for its person's. Only the days of this build are kept: five feature models read them.
with activities as (

    select *
    from {{ as_of_event_days(
        ref('core_activity'),
        keys=['activity_type', 'person_id', 'account_id'],
        measures={'activities': 'count(*)'},
        within_days=180,
    ) }}

),

attributed as (

    select
        activities.* replace (coalesce(merged.survivor_id, activities.account_id, person.account_id) as account_id),
        person.seniority,
        person.job_function
    from activities
    {{ left_join_version(
        ref('core_account_survivor_version'), 'merged', 'activities.account_id = merged.account_id', 'activities.as_of_date'
    ) }}
    {{ left_join_version(
        ref('core_person_account_version'), 'person', 'activities.person_id = person.person_id', 'activities.as_of_date'
    ) }}

)

select as_of_date, account_id, person_id, seniority, job_function, activity_type, days_ago, activities::integer as activities
from attributed
where account_id is not null
