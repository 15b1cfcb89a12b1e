{{ config(materialized='incremental', incremental_strategy='replace_dates',
          on_schema_change='append_new_columns') }}
-- Why each explained score is what it is, one row an account, day and factor.
with factors as (

    select * from {{ on_requested_dates(source('scoring', 'factor_contributions')) }}

),

accounts as (

    select * from {{ as_of_versions(ref('core_account_version')) }}

)

select
    factors.account_id,
    accounts.account_name,
    factors.as_of_date,
    factors.factor_rank,
    factors.feature,
    factors.family,
    factors.feature_value,
    factors.contribution,
    factors.reason,
    factors.scoring_model_version
from factors
left join accounts
    on factors.account_id = accounts.account_id and factors.as_of_date = accounts.as_of_date
