-- What the account is. These are attributes as the record stands on the day; where the CRM keeps no
-- history of them they are *snapshot* features, used only when scoring.yaml names them.
with eligible as (

    select account_id, as_of_date from {{ on_days_of_build(ref('spine_account_day')) }} where is_eligible

),

accounts as (

    select * from {{ as_of_versions(ref('core_account_version'), days_of_build()) }}

)

select
    account_id,
    as_of_date,
    accounts.industry,
    accounts.country,
    accounts.state,
    accounts.region,
    accounts.employee_count,
    accounts.annual_revenue_usd,
    -- founded later than the day: the date is wrong, so the age is unknown
    case when accounts.founded_on <= as_of_date
        then (as_of_date - accounts.founded_on)::integer
    end as company_age_days
from eligible
left join accounts using (account_id, as_of_date)
