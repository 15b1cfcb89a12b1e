{{ config(materialized='table') }}
-- What is learnt from about people: the rows of lead_scoring_set of the requested days, as they are scored,
-- with what happened within the primary horizon, where that has closed as of SCORING_LABELS_AS_OF.
with features as (

    select * from {{ on_requested_dates(ref('lead_scoring_set')) }}

),

labels as (

    select lead_id, as_of_date, horizon_days, is_converted, label_basis, matured_on, label_known_at
    from {{ on_requested_dates(ref('label_lead')) }}

)

select features.*, labels.* exclude (lead_id, as_of_date)
from features
inner join labels using (lead_id, as_of_date)
