{{ config(materialized='table') }}
-- What is learnt from: the eligible accounts of the requested days, their features, and the label at
-- the primary horizon. Days whose window has not closed as of SCORING_LABELS_AS_OF have no rows.
with labels as (

    select account_id, as_of_date, horizon_days, is_converted, matured_on
    from {{ on_requested_dates(ref('label_conversion')) }}
    where horizon_days = {{ setting('primary_horizon_days') }}

)

select features.*, labels.horizon_days, labels.is_converted, labels.matured_on
from {{ eligible_with_features() }} as features
inner join labels using (account_id, as_of_date)
