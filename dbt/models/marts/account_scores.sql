{{ config(materialized='view') }}
-- The scores of the latest day that passed its check: one row an eligible account.
with scores as (

    select * from {{ ref('account_scores_daily') }}

)

select * from scores
where as_of_date = (select max(as_of_date) from {{ source('scoring', 'passed_days') }})
