{{ config(materialized='view') }}
-- Who is not scored on the latest day that passed its check, and by which rule.
{% set latest_day %}(select max(as_of_date) as as_of_date from {{ source('scoring', 'passed_days') }}){% endset %}
with accounts as (

    select * from {{ as_of_versions(ref('core_account_version'), dates=latest_day) }}

),

spine as (

    select * from {{ ref('spine_account_day') }}

)

select
    spine.account_id,
    accounts.account_name,
    accounts.domain,
    spine.as_of_date,
    spine.exclusion_rule
from spine
inner join accounts
    on spine.account_id = accounts.account_id and spine.as_of_date = accounts.as_of_date
where not spine.is_eligible
