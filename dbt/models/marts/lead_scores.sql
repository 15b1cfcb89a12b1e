{{ config(materialized='view') }}
-- The people of the accounts of the latest day that passed its check: one row a person.
with people as (

    select * from {{ source('scoring', 'lead_predictions') }}

)

select
    lead_id,
    account_id,
    lead_type,
    as_of_date,
    lead_score,
    lead_probability,
    job_function,
    seniority,
    is_decision_maker,
    is_engaged_90d,
    reasons,
    scoring_model_version,
    scored_at,
    run_id
from people
where as_of_date = (select max(as_of_date) from {{ source('scoring', 'passed_days') }})
