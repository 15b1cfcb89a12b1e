{{ config(materialized='view') }}
-- Why the latest scores are what they are: one row an account and factor.
with reasons as (

    select * from {{ ref('score_reasons_daily') }}

),

scores as (

    select max(as_of_date) as latest_day from {{ source('scoring', 'passed_days') }}

)

select * from reasons
where as_of_date = (select latest_day from scores)
