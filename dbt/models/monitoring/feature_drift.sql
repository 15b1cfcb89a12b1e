{{ config(materialized='view') }}
-- How far the accounts of each scored day are from those that the scoring model's scores compare with.
with stability as (

    select * from {{ source('scoring', 'feature_stability') }}

)

select
    as_of_date, scoring_model_version, name, kind, family, weight,
    psi, psi_limit_by_chance, psi_own_course, share_missing, share_missing_reference, level, words
from stability
