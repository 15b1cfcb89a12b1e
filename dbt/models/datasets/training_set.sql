{{ config(materialized='table') }}
-- What is learnt from: the rows of scoring_set of the requested days, as they are scored, with the label
-- at the primary horizon. Days whose window has not closed as of SCORING_LABELS_AS_OF have no rows.
with features as (

    select * from {{ on_requested_dates(ref('scoring_set')) }}

),

labels as (

    select account_id, as_of_date, horizon_days, is_converted, matured_on
    from {{ on_requested_dates(ref('label_conversion')) }}
    where horizon_days = {{ setting('primary_horizon_days') }}

)

select features.*, labels.horizon_days, labels.is_converted, labels.matured_on
from features
inner join labels using (account_id, as_of_date)
