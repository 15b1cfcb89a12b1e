-- How the company has grown: its number of employees against what was on record 365 days before.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

now as (

    select account_id, as_of_date, employee_count
    from {{ as_of_versions(ref('core_account_version'), days_of_build()) }}

),

a_year_before as (

    select account_id, as_of_date + 365 as as_of_date, employee_count
    from {{ as_of_versions(ref('core_account_version'), dates_before(365, days_of_build())) }}

)

select
    account_id,
    as_of_date,
    now.employee_count::double / nullif(a_year_before.employee_count, 0) as employee_growth_365d_ratio
from eligible
left join now using (account_id, as_of_date)
left join a_year_before using (account_id, as_of_date)
