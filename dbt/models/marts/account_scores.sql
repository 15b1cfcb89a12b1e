{{ config(materialized='view') }}
-- The latest day's scores: one row an eligible account.
with scores as (

    select * from {{ ref('account_scores_daily') }}

)

select * from scores
where as_of_date = (select max(as_of_date) from scores)
